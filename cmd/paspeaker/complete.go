package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/client"
	"pa/paspeaker/site"
)

// completer is what the shell asks for words.
type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// words asks the controller, briefly: a shell that waits is worse than one
// that knows nothing.
func words(g *globals, get func(context.Context, *client.Client) []string) completer {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		c, err := g.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		return get(ctx, c), cobra.ShellCompDirectiveNoFileComp
	}
}

func zoneNames(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		zones, _ := c.Zones(ctx)
		for _, z := range zones {
			out = append(out, string(z.ID)+"\t"+z.Name)
		}
		return out
	})
}

func speakerNames(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		speakers, _ := c.Speakers(ctx)
		for _, s := range speakers {
			out = append(out, string(s.ID)+"\t"+s.Name)
		}
		return out
	})
}

func completeEmergencies(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		list, _ := c.Emergencies(ctx)
		for _, e := range list {
			out = append(out, e.ID+"\t"+e.Name)
		}
		return out
	})
}

func completeSessions(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		st, _ := c.Status(ctx)
		for _, s := range st.OnAir {
			out = append(out, s.ID.String()+"\t"+s.Name)
		}
		return out
	})
}

// choices offers words that are always the same.
func choices(words ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeOptions offers what the flags of everything that sounds may say.
func completeOptions(cmd *cobra.Command) {
	chimes := source.Chimes()
	for name, words := range map[string][]string{
		"priority":  {"background", "routine", "live", "emergency"},
		"routing":   {string(paspeaker.RoutingPartial), string(paspeaker.RoutingWhole), string(paspeaker.RoutingStacked)},
		"preempted": {string(paspeaker.ResumeHere), string(paspeaker.ResumeRestart), string(paspeaker.ResumeDrop)},
		"chime":     chimes, "sound": chimes, "builtin": site.Builtins(),
	} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, choices(words...))
		}
	}
}

// completeFileThenZones offers files for the first word, unless a flag says
// what sounds, and zones for the others.
func completeFileThenZones(g *globals) completer {
	zones := zoneNames(g)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 && !cmd.Flags().Changed("builtin") && !cmd.Flags().Changed("message") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return zones(cmd, args, typed)
	}
}

// completeZones offers zones and loudspeakers where a verb takes them.
func completeZones(cmd *cobra.Command, g *globals) {
	_ = cmd.RegisterFlagCompletionFunc("zones", zoneNames(g))
	if cmd.Flags().Lookup("speakers") != nil {
		_ = cmd.RegisterFlagCompletionFunc("speakers", speakerNames(g))
	}
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = zoneNames(g)
	}
}
