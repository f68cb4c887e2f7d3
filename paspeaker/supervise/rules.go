package supervise

import (
	"time"

	"pa/paspeaker"
)

// Rule is what is known of a kind of fault before it happens.
type Rule struct {
	Kind    paspeaker.FaultKind
	Urgency paspeaker.Urgency
	Onset   time.Duration // trouble must last so long to be a fault
	Clear   time.Duration // and be gone for so long to be over
	Many    string        // of several loudspeakers at once: "%d of %d loudspeakers of %s " + Many
	Cause   string
	Remedy  string
}

const (
	// Whole switches are lost within this; a node is heard once a second.
	gather = 1300 * time.Millisecond
	// A fault that began so often within so long is flapping, and is not any
	// more when nothing has changed for the quiet.
	flapTimes  = 3
	flapWithin = 10 * time.Minute
	flapQuiet  = 5 * time.Minute
	// The last few of a group that came back are on their own after a while.
	stragglers  = 2
	straggleFor = 30 * time.Second
	// When the cause of many is gone, each has so long to come back.
	grace = 15 * time.Second
	// A fault from before a restart that nobody confirms is over.
	unsureFor = time.Minute
)

// rules is the one table of kinds.
var rules = []Rule{
	{paspeaker.FaultOffline, paspeaker.UrgencyAlarm, gather, 0, "are not heard of",
		"no power, no network, or paspeaker-node does not run", "look at power, cable and switch port, then at `systemctl status paspeaker-node`"},
	{paspeaker.FaultReports, paspeaker.UrgencyWarning, gather, 0, "keep time and play, but do not report",
		"the node does not reach NATS, or has another site's configuration", "look at its log: can it reach NATS, is its configuration of this site?"},
	{paspeaker.FaultMulticast, paspeaker.UrgencyAlarm, 5 * time.Second, 3 * time.Second, "hear nothing on their groups",
		"IGMP snooping without a querier, a VLAN or firewall in between, or a Wi-Fi that drops multicast",
		"let the switch or router be IGMP querier in this VLAN, and look for a port that filters multicast"},
	{paspeaker.FaultLoss, paspeaker.UrgencyWarning, 5 * time.Second, 20 * time.Second, "lose packets",
		"a weak radio, a bad cable, a port at half duplex, or a full link", "look at errors on the switch port; on Wi-Fi at the signal; give the zone `profile: opus` where the link is narrow"},
	{paspeaker.FaultClock, paspeaker.UrgencyWarning, 20 * time.Second, 3 * time.Second, "are not in time with the controller",
		"the clock exchange (UDP) is filtered, or the way to the controller is lossy", "let UDP to the controller's clock port through (docs/operations.md, Addresses)"},
	{paspeaker.FaultOutput, paspeaker.UrgencyAlarm, 0, 2 * time.Second, "have lost their sound card",
		"the sound card was pulled out, is used by another program, or is broken", "look at the sound card and the amplifier"},
	{paspeaker.FaultSilent, paspeaker.UrgencyAlarm, 3 * time.Second, 3 * time.Second, "play and nothing comes out",
		"the card has stopped, the gain is far down, or the amplifier is off", "look at gain_db in zones.yaml, then at the card and the amplifier"},
	{paspeaker.FaultClipping, paspeaker.UrgencyWarning, 5 * time.Second, time.Minute, "are driven beyond full scale",
		"gain_db is too high for what is played", "lower gain_db of the loudspeaker, and turn up the amplifier instead"},
	{paspeaker.FaultDisk, paspeaker.UrgencyWarning, 0, 5 * time.Second, "cannot write what they must remember",
		"the disk is full, worn out or read-only", "make room on the disk, or replace the card; the sound goes on meanwhile"},
	{paspeaker.FaultTime, paspeaker.UrgencyNote, 10 * time.Second, 3 * time.Second, "have a wrong wall clock",
		"no time server is reached, or the board has lost its battery", "set the clock, and let it follow a time server; what is heard does not depend on it"},
	{paspeaker.FaultKey, paspeaker.UrgencyAlarm, 5 * time.Second, 5 * time.Second, "refuse what this controller signs",
		"the site's root key is not the one that the node enrolled with", "restore root.key from a backup, or enrol the node anew"},
	{paspeaker.FaultReceipts, paspeaker.UrgencyAlarm, 0, 0, "sign what they played by another key",
		"another machine speaks in its name, or the node has lost its state directory", "find the other machine, or enrol the node anew"},
	{paspeaker.FaultDuplicate, paspeaker.UrgencyWarning, 0, 10 * time.Second, "are two programs each",
		"a copied memory card or state directory", "find the other one and give it its own id"},
	{paspeaker.FaultVersion, paspeaker.UrgencyNote, 5 * time.Second, 0, "run another version",
		"an upgrade that is not finished", "bring node and controller to the same version"},
	{paspeaker.FaultHot, paspeaker.UrgencyWarning, 10 * time.Second, 30 * time.Second, "are too hot",
		"sun on the housing, a blocked vent, a dead fan", "give it shade and air"},
	{paspeaker.FaultPower, paspeaker.UrgencyWarning, 0, time.Minute, "have too weak a supply",
		"a weak power supply, or a long thin cable", "replace the supply, or shorten the cable"},
	{paspeaker.FaultStray, paspeaker.UrgencyAlarm, 0, 2 * time.Second, "sound with nothing on air",
		"the node plays what nobody announced", "`paspeaker stop --all`; if it sounds on, restart its node and look at its log"},
	{paspeaker.FaultGhost, paspeaker.UrgencyWarning, 0, 10 * time.Second, "hear something with nothing on air",
		"somebody else feeds the amplifier, it hums, or the place is loud", "go and listen; take the amplifier off its input to see whether that is it"},
	{paspeaker.FaultForeign, paspeaker.UrgencyAlarm, 0, 5 * time.Second, "",
		"another program or site uses our groups, or somebody tries to speak through our loudspeakers",
		"`paspeaker doctor` shows what it sends; find its port in the switch's table, and stop it there"},

	{paspeaker.FaultInterface, paspeaker.UrgencyAlarm, 0, 3 * time.Second, "",
		"the cable is out, the switch is off, or the interface has been taken down", "look at cable and switch, then at `ip link`"},
	{paspeaker.FaultFlapping, paspeaker.UrgencyWarning, 0, 0, "", "a loose plug, a weak radio, a supply that fails under load, or a program that is restarted again and again",
		"look at plugs and supply; the node's own log says whether it was restarted"},

	// The controller's own.
	{"nats", paspeaker.UrgencyAlarm, 0, 0, "", "the NATS server is down, or its disk is full", "look at the NATS server and the disk under it"},
	{"storage", paspeaker.UrgencyAlarm, 0, 0, "", "the disk under NATS is full or broken", "make room on the disk; what waits is written then"},
	{"network", paspeaker.UrgencyAlarm, 0, 0, "", "no route, or no interface, for multicast", "look at the network interface that zones.yaml names"},
	{"journal", paspeaker.UrgencyWarning, 0, 0, "", "NATS was away for longer than memory lasts", "look at the NATS server and the disk under it"},
	{"config", paspeaker.UrgencyWarning, 0, 0, "", "a mistake in the site file", "mend the file (paspeaker check), then paspeaker reload"},
	{"sounds", paspeaker.UrgencyAlarm, 0, 0, "", "a recording that an emergency names is missing or broken", "put it there, then paspeaker reload"},
	{"last-good", paspeaker.UrgencyWarning, 0, 0, "", "the disk is full or broken", "free the disk, then paspeaker reload"},
	{"recording", paspeaker.UrgencyNote, 0, 0, "", "the disk is full, or NATS was away", "look at the NATS server and the disk under it"},
	{"voice", paspeaker.UrgencyAlarm, 0, 0, "", "the engine that sends the voice refused an order", "restart the controller when nothing is on air, and report this"},
	{"codec", paspeaker.UrgencyAlarm, 0, 0, "", "the codec does not take what it is given", "choose another profile for the zone in zones.yaml"},
	{"self-test", paspeaker.UrgencyWarning, 0, 0, "", "loudspeakers failed a self-test", "paspeaker test show says cause and remedy of each"},
	{"alerts", paspeaker.UrgencyNote, 0, 0, "", "the receiver of a webhook is away, or a command fails", "look at alerts in zones.yaml and at the receiver's log"},
}

// Rules returns the table of kinds, for documents and metrics.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// unknown is the rule of a kind that the table does not have.
func unknown(kind paspeaker.FaultKind) Rule {
	return Rule{Kind: kind, Urgency: paspeaker.UrgencyWarning, Many: "have the same fault"}
}
