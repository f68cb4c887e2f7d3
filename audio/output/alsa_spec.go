package output

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pa/audio"
)

// alsaSpec is a card as a person names it, and what is asked of it.
type alsaSpec struct {
	card     int    // its number, unless it has an id
	id       string // which stays the same wherever a card is plugged in
	device   int
	period   time.Duration
	periods  int
	format   int // formatS16 or formatS32; 0: the widest that it has
	channels int // 0: two where there are two
}

// cardID is how the kernel names cards.
var cardID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,14}$`)

// direct reads hw:CARD[,DEV] and KEY=VALUE,… behind it. CARD=… and DEV=… are
// taken too, as ALSA's own programs write them.
func (s *spec) direct(text string) error {
	rest, ok := strings.CutPrefix(text, "hw:")
	if !ok || rest == "" {
		return fmt.Errorf("alsa takes hw:CARD, by number or id (aplay -l lists them)")
	}
	s.alsa = &alsaSpec{period: 5 * time.Millisecond, periods: 3}
	for i, part := range strings.Split(rest, ",") {
		key, value, named := strings.Cut(part, "=")
		if !named {
			value = part
			switch i {
			case 0:
				key = "CARD"
			case 1:
				key = "DEV"
			default:
				key = part
			}
		}
		if err := s.directPart(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *spec) directPart(key, value string) (err error) {
	a := s.alsa
	switch key {
	case "CARD":
		if a.card, err = number("card", value, 0, 31); err != nil {
			if a.id, err = value, nil; !cardID.MatchString(value) {
				err = fmt.Errorf("card %q is neither a number from 0 to 31 nor an id", value)
			}
		}
	case "DEV":
		a.device, err = number("device", value, 0, 31)
	case "period":
		if a.period, err = duration(key, value, time.Millisecond, 100*time.Millisecond); err == nil && a.period*audio.Rate%time.Second != 0 {
			err = fmt.Errorf("period %v is not a whole number of frames at %d Hz", a.period, audio.Rate)
		}
	case "periods":
		a.periods, err = number(key, value, 2, 32)
	case "channels":
		a.channels, err = number(key, value, 1, 32)
	case "latency":
		s.latency, err = duration(key, value, 0, 2*time.Second)
	case "format":
		switch value {
		case "s16":
			a.format = formatS16
		case "s32":
			a.format = formatS32
		default:
			err = fmt.Errorf("format %q is neither s16 nor s32", value)
		}
	default:
		err = fmt.Errorf("unknown part %q", key)
	}
	return err
}

func number(what, text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s %q is not a number from %d to %d", what, text, least, most)
	}
	return n, nil
}
