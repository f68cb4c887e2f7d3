package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// commands returns every verb.
func commands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		newAnnounceCommand(g), newLiveCommand(g), newToneCommand(g), newEmergencyCommand(g), newStopCommand(g), newMessageCommand(g),
		newCampaignCommand(g), newApplyCommand(g), newTodayCommand(g), newTestCommand(g),
		newStatusCommand(g), newWatchCommand(g), newZonesCommand(g), newSpeakersCommand(g), newLogCommand(g), newShowCommand(g), newRecordingCommand(g), newReportCommand(g),
		newIdentifyCommand(g), newVolumeCommand(g), newCalibrateCommand(g), newMuteCommand(g), newUnmuteCommand(g), newNodeCommand(g), newAdoptCommand(g), newReplaceCommand(g),
		newFaultsCommand(g), newAckCommand(g),
		newCheckCommand(g), newDoctorCommand(g), newReloadCommand(g), newSDPCommand(g), newJoinTokenCommand(g),
		newDemoCommand(g), newSimulateCommand(g), newVersionCommand(g),
	}
}

func newVersionCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: noArgs, Example: "  paspeaker version --json", RunE: func(*cobra.Command, []string) error {
		if g.json {
			return encode(g.out, map[string]string{"version": version})
		}
		_, err := fmt.Fprintln(g.out, "paspeaker", version)
		return err
	}}
}
