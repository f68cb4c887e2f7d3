package board

import "charm.land/lipgloss/v2"

// look is how a text is painted. The sixteen colours of the terminal are used,
// so that it looks well on the reader's own background; where there are none,
// what is said is said all the same.
type look int

const (
	none look = iota
	bold
	faint
	good
	warn
	bad
	alarm // what nobody may overlook
	reverse
)

func (l look) paint(text string) string {
	s := lipgloss.NewStyle()
	switch l {
	case bold:
		s = s.Bold(true)
	case faint:
		s = s.Faint(true)
	case good:
		s = s.Foreground(lipgloss.Green)
	case warn:
		s = s.Foreground(lipgloss.Yellow)
	case bad:
		s = s.Foreground(lipgloss.Red).Bold(true)
	case alarm:
		s = s.Foreground(lipgloss.Red).Bold(true).Reverse(true)
	case reverse:
		s = s.Reverse(true)
	default:
		return text
	}
	return s.Render(text)
}
