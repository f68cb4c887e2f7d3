// Package schedule works out when campaigns sound. It reads the rules that
// operators write, knows the site's calendars with Vietnam's lunar one, and
// judges every announcement by the site's guard.
//
// The controller's scheduler, the preview, the day's view and the checks of
// files all use it, so that what a preview shows is what will be said. It is
// pure: the standard library and the language of package paspeaker alone; no
// clock, no goroutine, no file. The same question always has the same answer.
package schedule
