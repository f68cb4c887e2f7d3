package site

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestAPatientHearsItsGroups(t *testing.T) {
	s, err := Parse([]byte(`
site: {id: park, name: Park, time_zone: Asia/Ho_Chi_Minh, interface: eth1, ttl: 4}
zones:
  - {id: gates, name: Cổng, group: 239.255.12.1}
  - {id: roads, name: Đường, group: 239.255.12.2}
  - {id: yard, name: Sân, group: 239.255.12.3, plain: {codec: pcmu, group: 239.255.12.4}}
  - {id: all, name: Tất cả, group: 239.255.12.9}
speakers:
  - {id: gate-1, name: Cổng 1, kind: fixed, zones: [gates]}
  - {id: unit-1, name: Xe, kind: mobile, zones: [roads]}
  - {id: horn, name: Loa, kind: third-party, zones: [yard]}
`), "")
	require.NoError(t, err)
	names := func(p paspeaker.Patient) (out []string) {
		for _, g := range p.Groups {
			out = append(out, g.Whose)
		}
		return out
	}
	gate := s.Patient("gate-1")
	assert.ElementsMatch(t, []string{"zone gates", "zone all"}, names(gate))
	assert.Equal(t, "eth1", gate.Interface)
	assert.Equal(t, 4, gate.TTL)
	assert.Equal(t, 1500, gate.Longest)
	assert.True(t, s.Patient("unit-1").Mobile)
	assert.Empty(t, s.Patient("unit-1").Groups)
	assert.Equal(t, []string{"plain group of zone yard"}, names(s.Patient("horn")))
	assert.Len(t, s.Patient("").Groups, 5)
	assert.Contains(t, s.Patient("").Groups, paspeaker.Group{Addr: "239.255.12.4:5004", Whose: "plain group of zone yard", Plain: true})
}
