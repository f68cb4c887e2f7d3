package body

// AckFault says that somebody has seen a fault.
type AckFault struct {
	ID   string `json:"id" minLength:"1" maxLength:"200" doc:"of the fault, such as offline/gate-1"`
	Note string `json:"note,omitempty" maxLength:"500" doc:"what is being done about it"`
}
