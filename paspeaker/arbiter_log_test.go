package paspeaker

import "testing"

func TestDays(t *testing.T) {
	for name, log := range days {
		t.Run(name, func(t *testing.T) { playDay(t, log) })
	}
}

var days = map[string]string{
	"a slogan plays to its end": `
10:00 slogan asks 64 gate-1 road-1
    play slogan.0 full gate-1 road-1
10:02 slogan.0 ends done
    end slogan.0 done
`,
	"an emergency takes the gate while the road plays on, and gives it back": `
10:00 slogan asks 64 gate-1 road-1
    play slogan.0 full gate-1 road-1
10:01 evacuate asks 240 gate-1
    play evacuate.0 full gate-1
    change slogan.0 full road-1 later gate-1 by evacuate.0 (gate-1: evacuate is playing since 10:01)
10:05 evacuate cancelled
    end evacuate.0 stopped
    change slogan.0 full gate-1 road-1
`,
	"an emergency takes all: the slogan pauses and goes on where it was cut": `
10:00 slogan asks 64 gate-1 road-1
    play slogan.0 full gate-1 road-1
10:01 evacuate asks 240 gate-1 gate-2 road-1
    play evacuate.0 full gate-1 gate-2 road-1
    pause slogan.0 by evacuate.0 (gate-1: evacuate is playing since 10:01)
10:05 evacuate.0 ends stopped
    end evacuate.0 stopped
    play slogan.0 full gate-1 road-1
10:06 slogan.0 ends done
    end slogan.0 done
`,
	"paused everywhere, restart plays it from its start": `
10:00 slogan asks 64 gate-1 restart
    play slogan.0 full gate-1
10:01 evacuate asks 240 gate-1
    play evacuate.0 full gate-1
    pause slogan.0 by evacuate.0 (gate-1: evacuate is playing since 10:01)
10:05 evacuate.0 ends stopped
    end evacuate.0 stopped
    play slogan.0 full gate-1 restart
`,
	"restart in part: the lost gate gets it again as a further part": `
10:00 slogan asks 64 gate-1 gate-2 road-1 restart
    play slogan.0 full gate-1 gate-2 road-1
10:01 chief asks 160 gate-1 gate-2 live=Minh
    play chief.0 full gate-1 gate-2
    change slogan.0 full road-1 by chief.0 (gate-1: Minh is speaking since 10:01)
    wait slogan.1 later gate-1 gate-2 by chief.0 (gate-1: Minh is speaking since 10:01)
10:02 slogan.0 ends done
    end slogan.0 done
10:03 chief.0 ends done
    end chief.0 done
    play slogan.1 full gate-1 gate-2
10:04 slogan.1 ends done
    end slogan.1 done
`,
	"drop: the lost gate is lost for good, and the last one ends it": `
10:00 slogan asks 64 gate-1 road-1 drop
    play slogan.0 full gate-1 road-1
10:01 chief asks 160 gate-1 live=Minh
    play chief.0 full gate-1
    change slogan.0 full road-1 by chief.0 (gate-1: Minh is speaking since 10:01)
10:02 chief.0 ends done
    end chief.0 done
10:03 chief-2 asks 160 road-1 live=Minh
    play chief-2.0 full road-1
    stop slogan.0 preempted by chief-2.0 (road-1: Minh is speaking since 10:03)
`,
	"equals wait their turn, in the order in which they came": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 second asks 64 gate-1 wait=10m
    wait second.0 later gate-1 by first.0 (gate-1: first is playing since 10:00)
10:02 third asks 64 gate-1 wait=10m
    wait third.0 later gate-1 by first.0 (gate-1: first is playing since 10:00)
10:03 hasty asks 64 gate-1
    refuse hasty.0 later gate-1 busy by first.0 (gate-1: first is playing since 10:00)
10:04 first.0 ends done
    end first.0 done
    play second.0 full gate-1
10:05 second.0 ends done
    end second.0 done
    play third.0 full gate-1
`,
	"a turn that does not come": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 second asks 64 gate-1 wait=10m
    wait second.0 later gate-1 by first.0 (gate-1: first is playing since 10:00)
10:10:59 tick
10:11 tick
    refuse second.0 waited (its loudspeakers did not become free in time)
`,
	"a second live call is refused with who is speaking": `
10:04 minh asks 160 gate-1 gate-2 live=Anh_Minh
    play minh.0 full gate-1 gate-2
10:05 lan asks 160 gate-1 gate-3 live=Chị_Lan wait=10m
    refuse lan.0 later gate-1 gate-3 busy by minh.0 (gate-1: Anh_Minh is speaking since 10:04)
10:06 lan-2 asks 160 gate-1 gate-3 live=Chị_Lan partial
    play lan-2.0 full gate-3 later gate-1
10:07 lan-3 asks 160 gate-1 live=Chị_Lan partial
    refuse lan-3.0 later gate-1 busy by minh.0 (gate-1: Anh_Minh is speaking since 10:04)
10:08 minh.0 ends done
    end minh.0 done
    change lan-2.0 full gate-1 gate-3
`,
	"a live call that is preempted everywhere is over": `
10:00 minh asks 160 gate-1 gate-2 live=Anh_Minh
    play minh.0 full gate-1 gate-2
10:01 fire asks 240 gate-1
    play fire.0 full gate-1
    change minh.0 full gate-2 later gate-1 by fire.0 (gate-1: fire is playing since 10:01)
10:02 storm asks 240 gate-2
    play storm.0 full gate-2
    stop minh.0 preempted by storm.0 (gate-2: storm is playing since 10:02)
`,
	"a forgotten microphone expires": `
10:00 minh asks 160 gate-1 live=Anh_Minh max=10m
    play minh.0 full gate-1
10:09:59 tick
10:10 tick
    stop minh.0 expired (reached its maximum length of 10m0s)
`,
	"a pause does not count as length": `
10:00 slogan asks 64 gate-1 max=10m
    play slogan.0 full gate-1
10:04 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    pause slogan.0 by minh.0 (gate-1: Anh_Minh is speaking since 10:04)
10:09 minh.0 ends done
    end minh.0 done
    play slogan.0 full gate-1
10:14 tick
10:15 tick
    stop slogan.0 expired (reached its maximum length of 10m0s)
`,
	"a pause has an end": `
10:00 slogan asks 64 gate-1
    play slogan.0 full gate-1
10:01 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    pause slogan.0 by minh.0 (gate-1: Anh_Minh is speaking since 10:01)
10:10 tick
10:11 tick
    stop slogan.0 preempted (its loudspeakers stayed taken for too long after it was interrupted)
`,
	"among emergencies the latest wins, and the earlier one returns": `
10:00 fire asks 240 gate-1 gate-2
    play fire.0 full gate-1 gate-2
10:01 storm asks 240 gate-1
    play storm.0 full gate-1
    change fire.0 full gate-2 later gate-1 by storm.0 (gate-1: storm is playing since 10:01)
10:02 chief asks 255 gate-1 gate-2 live=Sếp
    play chief.0 full gate-1 gate-2
    pause storm.0 by chief.0 (gate-1: Sếp is speaking since 10:02)
    pause fire.0 by chief.0 (gate-2: Sếp is speaking since 10:02)
10:03 chief-2 asks 255 gate-1 live=Phó
    play chief-2.0 full gate-1
    change chief.0 full gate-2 later gate-1 by chief-2.0 (gate-1: Phó is speaking since 10:03)
10:04 chief.0 ends done
    end chief.0 done
    play fire.0 full gate-2 later gate-1
10:05 chief-2.0 ends done
    end chief-2.0 done
    play storm.0 full gate-1
10:06 storm.0 ends stopped
    end storm.0 stopped
    change fire.0 full gate-1 gate-2
`,
	"an emergency beneath the chief's voice is on air at once and heard from its start after him": `
10:00 chief asks 255 gate-1 live=Sếp
    play chief.0 full gate-1
10:01 evacuate asks 240 gate-1
    play evacuate.0 later gate-1 by chief.0 (gate-1: Sếp is speaking since 10:00)
    pause evacuate.0 by chief.0 (gate-1: Sếp is speaking since 10:00)
10:02 phone asks 239 gate-1 live=Phó
    play phone.0 later gate-1 by chief.0 (gate-1: Sếp is speaking since 10:00)
10:03 chief.0 ends done
    end chief.0 done
    play evacuate.0 full gate-1 restart
10:04 evacuate.0 ends stopped
    end evacuate.0 stopped
    change phone.0 full gate-1
`,
	"the recorded emergency outlasts a long speech": `
10:00 evacuate asks 240 gate-1
    play evacuate.0 full gate-1
10:01 chief asks 255 gate-1 live=Sếp
    play chief.0 full gate-1
    pause evacuate.0 by chief.0 (gate-1: Sếp is speaking since 10:01)
10:30 tick
10:40 chief.0 ends done
    end chief.0 done
    play evacuate.0 full gate-1
`,
	"whole waits until all is free at once, and keeps nobody else from it meanwhile": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 notice asks 64 gate-1 gate-2 whole wait=10m
    wait notice.0 later gate-1 gate-2 by first.0 (gate-1: first is playing since 10:00)
10:02 third asks 64 gate-2
    play third.0 full gate-2
10:03 first.0 ends done
    end first.0 done
10:04 fourth asks 64 gate-1 gate-2 partial
    play fourth.0 full gate-1 later gate-2
10:05 third.0 ends done
    end third.0 done
    change fourth.0 full gate-1 gate-2
10:06 fourth.0 ends done
    end fourth.0 done
    play notice.0 full gate-1 gate-2
`,
	"whole takes what is lower at once, plays on in part, and resumes as a whole": `
10:00 slogan asks 64 gate-1
    play slogan.0 full gate-1
10:01 notice asks 70 gate-1 gate-2 whole
    play notice.0 full gate-1 gate-2
    pause slogan.0 by notice.0 (gate-1: notice is playing since 10:01)
10:02 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    change notice.0 full gate-2 later gate-1 by minh.0 (gate-1: Anh_Minh is speaking since 10:02)
10:03 lan asks 160 gate-2 live=Chị_Lan
    play lan.0 full gate-2
    pause notice.0 by lan.0 (gate-2: Chị_Lan is speaking since 10:03)
10:04 minh.0 ends done
    end minh.0 done
    play slogan.0 full gate-1
10:05 lan.0 ends done
    end lan.0 done
    play notice.0 full gate-1 gate-2
    pause slogan.0 by notice.0 (gate-1: notice is playing since 10:01)
`,
	"partial plays where it may and joins the rest as it becomes free": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 notice asks 64 gate-1 gate-2
    play notice.0 full gate-2 later gate-1
10:02 first.0 ends done
    end first.0 done
    change notice.0 full gate-1 gate-2
10:03 notice.0 ends done
    end notice.0 done
`,
	"stacked: each zone from the start as it becomes free": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:00 other asks 64 road-2
    play other.0 full road-2
10:01 notice asks 64 stacked groups=gate-1+gate-2|road-1|road-2 wait=10m
    play notice.0 full road-1
    wait notice.1 later gate-1 gate-2 road-2 by first.0 (gate-1: first is playing since 10:00)
10:02 notice.0 ends done
    end notice.0 done
10:03 other.0 ends done
    end other.0 done
    play notice.1 full road-2
    wait notice.2 later gate-1 gate-2 by first.0 (gate-1: first is playing since 10:00)
10:04 first.0 ends done
    end first.0 done
    play notice.2 full gate-1 gate-2
10:05 notice cancelled
    end notice.1 stopped
    end notice.2 stopped
`,
	"stacked in no time: what is taken is refused": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 notice asks 64 stacked groups=gate-1|road-1
    play notice.0 full road-1
    refuse notice.1 later gate-1 busy by first.0 (gate-1: first is playing since 10:00)
10:02 nobody asks 64 stacked groups=gate-1|road-1
    refuse nobody.0 later gate-1 road-1 busy by first.0 (gate-1: first is playing since 10:00)
`,
	"stacked that waits too long": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 notice asks 64 stacked groups=gate-1|road-1 wait=5m
    play notice.0 full road-1
    wait notice.1 later gate-1 by first.0 (gate-1: first is playing since 10:00)
10:06 tick
    refuse notice.1 waited (its loudspeakers did not become free in time)
`,
	"a speaker of two zones hears a stacked notice once": `
10:00 first asks 64 road-1
    play first.0 full road-1
10:01 notice asks 64 stacked groups=gate-1+gate-2|gate-2+road-1 wait=5m
    play notice.0 full gate-1 gate-2
    wait notice.1 later road-1 by first.0 (road-1: first is playing since 10:00)
10:02 first.0 ends done
    end first.0 done
    play notice.1 full road-1
`,
	"stacked and restart: what was cut is heard from its start, zone by zone": `
10:00 notice asks 64 stacked groups=gate-1+gate-2|road-1 restart
    play notice.0 full gate-1 gate-2 road-1
10:01 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    change notice.0 full gate-2 road-1 by minh.0 (gate-1: Anh_Minh is speaking since 10:01)
    wait notice.1 later gate-1 by minh.0 (gate-1: Anh_Minh is speaking since 10:01)
10:02 lan asks 160 road-1 gate-2 live=Chị_Lan
    play lan.0 full gate-2 road-1
    pause notice.0 by lan.0 (gate-2: Chị_Lan is speaking since 10:02)
10:03 lan.0 ends done
    end lan.0 done
    play notice.0 full gate-2 road-1 restart
10:04 minh.0 ends done
    end minh.0 done
    play notice.1 full gate-1
`,
	"background is ducked beneath a message and silent beneath an emergency": `
10:00 music asks 16 gate-1 gate-2 duck
    play music.0 full gate-1 gate-2
10:01 slogan asks 64 gate-1
    play slogan.0 full gate-1
    change music.0 full gate-2 ducked gate-1 by slogan.0 (gate-1: slogan is playing since 10:01)
10:02 evacuate asks 240 gate-1
    play evacuate.0 full gate-1
    pause slogan.0 by evacuate.0 (gate-1: evacuate is playing since 10:02)
    change music.0 full gate-2 later gate-1 by evacuate.0 (gate-1: evacuate is playing since 10:02)
10:03 evacuate.0 ends stopped
    end evacuate.0 stopped
    play slogan.0 full gate-1
    change music.0 full gate-2 ducked gate-1
10:04 slogan.0 ends done
    end slogan.0 done
    change music.0 full gate-1 gate-2
`,
	"music that comes during a message begins ducked": `
10:00 slogan asks 64 gate-1
    play slogan.0 full gate-1
10:01 music asks 16 gate-1 duck
    play music.0 ducked gate-1
10:02 slogan.0 ends done
    end slogan.0 done
    change music.0 full gate-1
`,
	"two musics do not sound at once": `
10:00 music asks 16 gate-1 duck
    play music.0 full gate-1
10:01 radio asks 16 gate-1 gate-2 duck
    play radio.0 full gate-2
10:02 slogan asks 64 gate-1
    play slogan.0 full gate-1
    change music.0 ducked gate-1 by slogan.0 (gate-1: slogan is playing since 10:02)
    change radio.0 full gate-2 later gate-1
10:03 music.0 ends done
    end music.0 done
    change radio.0 full gate-2 ducked gate-1
10:04 slogan.0 ends done
    end slogan.0 done
    change radio.0 full gate-1 gate-2
`,
	"duck means nothing above background": `
10:00 notice asks 64 gate-1 duck
    play notice.0 full gate-1
10:01 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    pause notice.0 by minh.0 (gate-1: Anh_Minh is speaking since 10:01)
`,
	"a third-party horn is never ducked": `
10:00 music asks 16 gate-1 horn-1 duck
    play music.0 full gate-1 horn-1
10:01 slogan asks 64 gate-1 horn-1
    play slogan.0 full gate-1 horn-1
    change music.0 ducked gate-1 later horn-1 by slogan.0 (gate-1: slogan is playing since 10:01)
10:02 slogan.0 ends done
    end slogan.0 done
    change music.0 full gate-1 horn-1
`,
	"stop --all": `
10:00 music asks 16 gate-1 duck
    play music.0 full gate-1
10:01 slogan asks 64 gate-1 wait=5m
    play slogan.0 full gate-1
    change music.0 ducked gate-1 by slogan.0 (gate-1: slogan is playing since 10:01)
10:02 second asks 64 gate-1 wait=5m
    wait second.0 later gate-1 by slogan.0 (gate-1: slogan is playing since 10:01)
10:03 evacuate asks 240 gate-1
    play evacuate.0 full gate-1
    pause slogan.0 by evacuate.0 (gate-1: evacuate is playing since 10:03)
    pause music.0 by evacuate.0 (gate-1: evacuate is playing since 10:03)
10:04 silence but evacuate
    end slogan.0 stopped
    refuse second.0 stopped
    end music.0 stopped
10:05 silence
    end evacuate.0 stopped
`,
	"a reload takes loudspeakers away": `
10:00 slogan asks 64 gate-1 road-1
    play slogan.0 full gate-1 road-1
10:01 notice asks 64 gate-1 wait=5m
    wait notice.0 later gate-1 by slogan.0 (gate-1: slogan is playing since 10:00)
10:02 minh asks 160 gate-2 gate-3 live=Anh_Minh
    play minh.0 full gate-2 gate-3
10:03 retire gate-1 gate-2
    refuse notice.0 speakers gone (the site has its loudspeakers no more)
    change minh.0 full gate-3
    change slogan.0 full road-1
10:04 retire gate-3 road-1
    stop minh.0 speakers gone (the site has its loudspeakers no more)
    stop slogan.0 speakers gone (the site has its loudspeakers no more)
`,
	"a reload leaves a voice nowhere to sound": `
10:00 fire asks 240 gate-1
    play fire.0 full gate-1
10:01 minh asks 160 gate-1 gate-2 live=Anh_Minh partial
    play minh.0 full gate-2 later gate-1
10:02 retire gate-2
    stop minh.0 speakers gone
10:03 fire.0 ends stopped
    end fire.0 stopped
`,
	"cancelling what waits refuses it": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 second asks 64 gate-1 wait=5m
    wait second.0 later gate-1 by first.0 (gate-1: first is playing since 10:00)
10:02 second cancelled
    refuse second.0 stopped
10:03 first cancelled
    end first.0 stopped
`,
	"what is not known, and what is asked twice, changes nothing": `
10:00 first asks 64 gate-1
    play first.0 full gate-1
10:01 first asks 64 gate-2
10:02 first.3 ends done
10:03 ghost.0 ends done
10:04 ghost cancelled
10:05 nowhere asks 64
    refuse nowhere.0 busy (no loudspeaker was asked for)
10:06 retire
10:07 silence but first
`,
	"an equal that returns does not interrupt who came after it": `
10:00 notice asks 64 gate-1 gate-2 whole
    play notice.0 full gate-1 gate-2
10:01 minh asks 160 gate-1 live=Anh_Minh
    play minh.0 full gate-1
    change notice.0 full gate-2 later gate-1 by minh.0 (gate-1: Anh_Minh is speaking since 10:01)
10:02 lan asks 160 gate-2 live=Chị_Lan
    play lan.0 full gate-2
    pause notice.0 by lan.0 (gate-2: Chị_Lan is speaking since 10:02)
10:03 minh.0 ends done
    end minh.0 done
10:04 slogan asks 64 gate-1
    play slogan.0 full gate-1
10:05 lan.0 ends done
    end lan.0 done
10:06 slogan.0 ends done
    end slogan.0 done
    play notice.0 full gate-1 gate-2
`,
}
