package paspeaker

// BuiltinSound is a sound that the controller has or makes by itself.
type BuiltinSound struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind" enum:"chime,alert,message" doc:"chime: before an announcement, or alone; alert: the tone of an emergency; message: a shipped recording"`
	Length Duration `json:"length,omitempty" doc:"of one cycle, where it repeats"`
	About  string   `json:"about,omitempty" doc:"what it is, and which standard it follows"`
}
