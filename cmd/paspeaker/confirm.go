package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"pa/paspeaker"
)

// errNothingDone says that somebody was asked and said no.
var errNothingDone = errors.New("nothing was changed")

// confirm asks before something that cannot be taken back, or that sounds in
// many places; what says what that is. With yes it does not ask. Where nobody
// can be asked, it refuses.
func (g *globals) confirm(yes bool, what string) error {
	if yes {
		return nil
	}
	l := g.language()
	if f, ok := g.in.(*os.File); ok && !term.IsTerminal(int(f.Fd())) {
		return usageError{fmt.Errorf("%s: %s", what, l.tr("say --yes to do it all the same"))}
	}
	fmt.Fprintln(g.errOut, what)
	fmt.Fprint(g.errOut, l.tr("Go on? [y/N] "))
	answer, err := bufio.NewReader(g.in).ReadString('\n')
	if err != nil && answer == "" {
		return usageError{fmt.Errorf("%s: %s", what, l.tr("say --yes to do it all the same"))}
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "c", "có", "co":
		return nil
	}
	return fmt.Errorf("%w", errNothingDone)
}

// manyZones is from how many zones on somebody is asked before something sounds
// there, or is planned to.
const manyZones = 4

// many says whether something sounds in so many zones, or in all.
func many(zones []paspeaker.ZoneID) bool {
	return len(zones) >= manyZones || slices.Contains(zones, paspeaker.ZoneAll)
}

// confirmMany asks a person at a terminal before a recording sounds in many
// zones. A program is not asked, and an emergency waits for no answer.
func (g *globals) confirmMany(yes bool, a paspeaker.Announcement) error {
	f, ok := g.in.(*os.File)
	urgent := a.Priority != nil && *a.Priority >= paspeaker.PriorityEmergency
	if !ok || !term.IsTerminal(int(f.Fd())) || urgent || !many(a.Zones) {
		return nil
	}
	return g.confirm(yes, g.language().trf("this sounds in %s", inPlaces(a.Zones, a.Speakers)))
}
