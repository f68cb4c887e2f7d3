package integration

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// faultyPark is a site on which everything goes wrong. The zone is large
// enough that no two loudspeakers are most of it.
const faultyPark = `
site: {id: park, name: Khu công nghiệp thử, time_zone: Asia/Ho_Chi_Minh, interface: pactl, groups: 239.255.77.0/24, port: 17700}
delays: {live: 400ms, recorded: 500ms}
alerts: {commands: [{run: [/bin/sh, -c, "cat >>TOLD; echo >>TOLD"], urgency: note}]}
zones: [{id: gates, name: Các cổng}, {id: roads, name: Đường chính}]
speakers:
  - {id: gate-1, name: Cổng 1, zones: [gates], switch: sw-1}
  - {id: gate-2, name: Cổng 2, zones: [gates], switch: sw-1}
  - {id: gate-3, name: Cổng 3, zones: [gates], switch: sw-1}
  - {id: killed, name: Đường 1, zones: [roads]}
  - {id: loose, name: Đường 2, zones: [roads]}
  - {id: lossy, name: Đường 3, zones: [roads]}
  - {id: carded, name: Đường 4, zones: [roads]}
  - {id: full, name: Đường 5, zones: [roads]}
  - {id: dated, name: Đường 6, zones: [roads]}
  - {id: cloned, name: Đường 7, zones: [roads]}
  - {id: deaf, name: Đường 8, zones: [roads]}
  - {id: faint, name: Đường 9, zones: [roads], gain_db: -60}
  - {id: loud, name: Đường 10, zones: [roads], gain_db: 20}
  - {id: hot, name: Đường 11, zones: [roads]}
  - {id: stuck, name: Đường 12, zones: [roads]}
  - {id: timeless, name: Đường 13, zones: [roads]}
  - {id: strange, name: Đường 14, zones: [roads]}
  - {id: other, name: Đường 15, zones: [roads]}
`

// TestEveryFaultIsFoundAndNamed provokes the faults of the field for real, all
// at once on one site, and wants each named, of its loudspeaker.
func TestEveryFaultIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	if !inOwnNetwork(t) {
		return
	}
	s := newSite(t, "")
	told := s.path("told")
	s.writeSite(strings.ReplaceAll(faultyPark, "TOLD", told))
	others, err := otherNodes()
	require.NoError(t, err)
	l := newCampus(s, "sw1")
	l.programs = map[string]string{"other": filepath.Join(others, "newer")}
	s.startController()
	l.equip()
	for _, sp := range s.status().Speakers {
		s.online(string(sp.ID))
	}

	song := s.announce(map[string]any{"zones": []string{"roads"}, "source": "tone", "level_db": -12, "length": "10m"})
	s.eventually("it is heard", func() bool { return s.plays("loud", song.ID) })
	l.spoil()
	l.flap()
	for _, want := range []string{"offline/killed", "offline/switch:sw-1", "loss/lossy", "output/carded", "disk/full", "time/dated", "duplicate/cloned",
		"multicast/deaf", "clock/timeless", "key/strange", "version/other", "silent/faint", "clipping/loud", "hot/hot", "power/hot", "silent/stuck", "flapping/loose"} {
		s.eventually(want+" is found", func() bool { return slices.Contains(s.faults(), want) })
	}
	f := l.fault("offline/switch:sw-1")
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2", "gate-3"}, f.Speakers)
	assert.NotEmpty(t, f.Cause)
	assert.NotEmpty(t, f.Remedy)
	l.seenOverAKill()
	l.mend()

	text, err := os.ReadFile(told)
	require.NoError(t, err)
	for what, times := range map[string]int{`"id":"offline/switch:sw-1"`: 1, `"id":"offline/gate-`: 0, `"id":"output/carded"`: 1} {
		began := 0
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, `"fault.began"`) && strings.Contains(line, what) {
				began++
			}
		}
		assert.Equal(t, times, began, what)
	}
}

// equip starts every node, each as its fault will want it.
func (l *campus) equip() {
	disk := l.path("node-full")
	require.NoError(l.t, os.MkdirAll(disk, 0o700))
	require.NoError(l.t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m,mode=0700"))
	l.t.Cleanup(func() {
		l.close() // nobody may hold the disk
		assert.NoError(l.t, syscall.Unmount(disk, syscall.MNT_DETACH))
	})
	for name, how := range map[string][]string{
		"gate-1": nil, "gate-2": nil, "gate-3": nil, "killed": nil, "loose": nil, "lossy": nil, "full": nil, "cloned": nil, "deaf": nil, "faint": nil, "loud": nil, "timeless": nil, "strange": nil, "other": nil,
		"carded": {"--output", "virtual:gone=" + l.path("gone")}, "stuck": {"--output", "virtual:stuck=" + l.path("stuck")},
		"dated": nil, "hot": {"--sys", l.path("sys")},
	} {
		at := campusSwitch
		if strings.HasPrefix(name, "gate") {
			at = "sw1"
		}
		l.enrol(name)
		l.plug(at, name, name, how...)
	}
	l.ip("link set %s type bridge_slave mcast_flood off", l.ports["deaf"])
}

// spoil makes everything go wrong.
func (l *campus) spoil() {
	t := l.t
	_ = l.nodes["killed"].end(syscall.SIGKILL)
	delete(l.nodes, "killed")
	l.cable("sw1-up", "down")
	l.in("lossy", "nft add table ip loss")
	l.in("lossy", "nft add chain ip loss in { type filter hook input priority 0 ; }")
	l.in("lossy", "nft add rule ip loss in ip daddr 239.0.0.0/8 numgen random mod 10 < 2 drop")
	require.NoError(t, os.WriteFile(l.path("gone"), nil, 0o600))
	require.NoError(t, os.WriteFile(l.path("stuck"), nil, 0o600))
	ballast, err := os.Create(l.path("node-full/ballast"))
	require.NoError(t, err)
	for block := make([]byte, 4096); err == nil; {
		_, err = ballast.Write(block)
	}
	require.NoError(t, ballast.Close())
	require.NoError(t, l.nodes["dated"].end(syscall.SIGTERM))
	l.plug(campusSwitch, "dated", "dated", "--warp", "wall=+1h@0s")
	require.NoError(t, exec.Command("cp", "-a", l.path("node-cloned"), l.path("node-clone")).Run())
	l.plug(campusSwitch, "clone", "cloned")
	l.ip("link set %s type bridge mcast_querier 0", campusSwitch)
	l.in("timeless", "nft add table ip clockless")
	l.in("timeless", "nft add chain ip clockless in { type filter hook input priority 0 ; }")
	l.in("timeless", "nft add rule ip clockless in ip daddr != 239.0.0.0/8 udp sport 7081 drop")
	l.estrange("strange")
	for name, text := range map[string]string{"class/thermal/thermal_zone0/temp": "91000", "class/hwmon/hwmon0/in0_lcrit_alarm": "1"} {
		file := filepath.Join(l.path("sys"), name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o600))
	}
	_ = l.nodes["hot"].end(syscall.SIGTERM) // a board knows its sensors when it starts
	l.plug(campusSwitch, "hot", "hot", "--sys", l.path("sys"))
}

// estrange makes a loudspeaker one of another site: it trusts another root key.
func (l *campus) estrange(name string) {
	t := l.t
	require.NoError(t, l.nodes[name].end(syscall.SIGTERM))
	file := l.path("node-" + name + "/config.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var signed paspeaker.SignedConfig
	require.NoError(t, json.Unmarshal(text, &signed))
	var conf paspeaker.NodeConfig
	require.NoError(t, json.Unmarshal(signed.Body, &conf))
	root, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	conf.Root = root
	signed.Body, err = json.Marshal(conf)
	require.NoError(t, err)
	signed.Sig = ed25519.Sign(key, append([]byte("pa-node-config-v1\x00"), signed.Body...))
	text, err = json.Marshal(signed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	l.plug(campusSwitch, name, name)
}

// flap pulls a cable and puts it back, three times.
func (l *campus) flap() {
	for range 3 {
		l.cable(l.ports["loose"], "down")
		l.eventually("the loose one is offline", func() bool {
			return slices.Contains(l.faults(), "offline/loose") || slices.Contains(l.faults(), "flapping/loose")
		})
		l.cable(l.ports["loose"], "up")
		l.eventually("it is back", func() bool { return l.speaker("loose").Online })
	}
}

func (l *campus) fault(id string) paspeaker.Fault {
	l.t.Helper()
	for _, f := range l.status().Faults {
		if f.ID == id {
			return f
		}
	}
	l.t.Fatalf("%s is not open", id)
	return paspeaker.Fault{}
}

// seenOverAKill says by the command line that somebody has seen a fault, and
// kills the controller: the next one knows.
func (l *campus) seenOverAKill() {
	ack := l.cli(nil, nil, "ack", "output/carded", "--note", "thợ đang đến", "--by", "Anh Minh")
	require.NoError(l.t, ack.end(0), "%s", ack.log)
	began := l.fault("output/carded").Since
	_ = l.ctl.end(syscall.SIGKILL)
	l.startController()
	f := l.fault("output/carded")
	require.NotNil(l.t, f.Ack)
	assert.Equal(l.t, "Anh Minh: thợ đang đến", fmt.Sprintf("%s: %s", f.Ack.By, f.Ack.Note))
	assert.True(l.t, began.Equal(f.Since), "%s, not %s", began, f.Since)
}

// mend makes right what is quickly made right: those faults end.
func (l *campus) mend() {
	require.NoError(l.t, os.Remove(l.path("gone")))
	require.NoError(l.t, os.Remove(l.path("stuck")))
	l.ip("link set %s type bridge mcast_querier 1", campusSwitch)
	l.cable("sw1-up", "up")
	l.plug(campusSwitch, "killed", "killed")
	for _, want := range []string{"offline/killed", "offline/switch:sw-1", "output/carded", "silent/stuck", "multicast/deaf"} {
		l.eventually(want+" is over", func() bool { return !slices.Contains(l.faults(), want) })
	}
	list := l.cli(nil, nil, "faults", "--all")
	require.NoError(l.t, list.end(0), "%s", list.log)
	assert.Contains(l.t, list.log.String(), "offline/switch:sw-1")
	assert.Contains(l.t, list.log.String(), "Anh Minh: thợ đang đến")
}
