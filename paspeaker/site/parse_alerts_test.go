package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

const alertsHead = "site: {id: park, name: Park, time_zone: UTC}\n"

func TestAlerts(t *testing.T) {
	s, err := Parse([]byte(alertsHead+`
alerts:
  webhooks:
    - {url: https://ops.example/pa, secret_file: hook.secret}
    - {url: "http://127.0.0.1:9000", secret_file: /etc/hook, urgency: alarm, kinds: [offline, output]}
  commands:
    - {run: [/usr/local/bin/tell, --sms], timeout: 30s, urgency: note}
`), "/etc/paspeaker")
	require.NoError(t, err)
	assert.Equal(t, Alerts{
		Webhooks: []Webhook{
			{"https://ops.example/pa", "/etc/paspeaker/hook.secret", AlertFilter{Urgency: paspeaker.UrgencyWarning}},
			{"http://127.0.0.1:9000", "/etc/hook", AlertFilter{[]paspeaker.FaultKind{paspeaker.FaultOffline, paspeaker.FaultOutput}, paspeaker.UrgencyAlarm}},
		},
		Commands: []AlertCommand{{[]string{"/usr/local/bin/tell", "--sms"}, 30 * time.Second, AlertFilter{Urgency: paspeaker.UrgencyNote}}},
	}, s.Alerts)
	f := s.Alerts.Webhooks[1].AlertFilter
	for fault, want := range map[*paspeaker.Fault]bool{
		{Kind: paspeaker.FaultOffline, Urgency: paspeaker.UrgencyAlarm}:                                true,
		{Kind: paspeaker.FaultOffline, Urgency: paspeaker.UrgencyNote}:                                 false,
		{Kind: paspeaker.FaultLoss, Urgency: paspeaker.UrgencyAlarm}:                                   false,
		{Kind: paspeaker.FaultFlapping, Of: paspeaker.FaultOffline, Urgency: paspeaker.UrgencyAlarm}:   true,
		{Kind: paspeaker.FaultFlapping, Of: paspeaker.FaultMulticast, Urgency: paspeaker.UrgencyAlarm}: false,
	} {
		assert.Equal(t, want, f.Wants(*fault), "%v", fault)
	}
}

func TestAlertsThatAreWrong(t *testing.T) {
	for in, want := range map[string]string{
		"webhooks: [{url: https://a.example}]":                                  "alerts.webhooks[0].secret_file: is missing",
		"webhooks: [{secret_file: x}]":                                          "alerts.webhooks[0].url: is missing",
		"webhooks: [{url: 'ftp://a.example', secret_file: x}]":                  "is not an address",
		"webhooks: [{url: nowhere, secret_file: x}]":                            "is not an address",
		"webhooks: [{url: 'https://an:secret@a.example', secret_file: x}]":      "has a password in it",
		"webhooks: [{url: https://a.example, secret_file: ''}]":                 "is empty",
		"webhooks: [{url: https://a.example, secret_file: x, kinds: [offlin]}]": "did you mean offline?",
		"webhooks: [{url: https://a.example, secret_file: x, urgency: high}]":   "alerts.webhooks[0].urgency",
		"webhook: []":                                 "did you mean webhooks?",
		"commands: [{timeout: 10s}]":                  "alerts.commands[0].run: is missing",
		"commands: [{run: []}]":                       "is empty",
		"commands: [{run: [tell, --sms]}]":            "is not an absolute path",
		"commands: [{run: [/bin/true], timeout: 1h}]": "alerts.commands[0].timeout",
	} {
		_, err := Parse([]byte(alertsHead+"alerts: {"+in+"}\n"), "")
		assert.ErrorContains(t, err, want, in)
	}
}
