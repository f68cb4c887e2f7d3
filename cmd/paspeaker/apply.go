package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// maxFile bounds a file of campaigns or a calendar, bytes.
const maxFile = 16 << 20

func readLimited(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("more than %d MiB", maxFile>>20)
	}
	return text, err
}

// applyFlags are the flags of what takes many campaigns over.
type applyFlags struct{ dryRun, prune, yes, force bool }

func (o *applyFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would change, and change nothing")
	f.BoolVar(&o.force, "force", false, "save campaigns although the guard refuses some of their runs")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

func newApplyCommand(g *globals) *cobra.Command {
	var o applyFlags
	cmd := &cobra.Command{
		Use: "apply FILE", Short: "Make the plan what a file of campaigns says",
		Long: `Make the plan what a file of campaigns says: new ones are added, changed ones
replaced, the same left alone, so that applying it again does nothing. What the
file does not name stays, unless --prune removes it. All is checked before
anything is changed. "paspeaker campaign export" writes such a file.`,
		Example: `  paspeaker apply campaigns.yaml --dry-run
  paspeaker apply campaigns.yaml
  paspeaker campaign export | ssh backup paspeaker apply - --prune --yes`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openCampaigns(args[0])
			if err != nil {
				return err
			}
			return g.withClient(func(c *client.Client) error { return g.apply(cmd.Context(), c, f, o) })
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.prune, "prune", false, "remove campaigns that the file does not name")
	return cmd
}

// step is what is to be done about one campaign.
type step struct {
	Do       string             `json:"do"` // add, change, same, remove
	ID       string             `json:"id"`
	Fields   []string           `json:"fields,omitempty"` // that change
	campaign paspeaker.Campaign // as it is to be; of remove, as it is
}

// apply works out what is to be done, shows it, and does it.
func (g *globals) apply(ctx context.Context, c *client.Client, f campaignFile, o applyFlags) error {
	steps, err := planSteps(ctx, c, f, o.prune)
	if err != nil {
		return err
	}
	q := paspeaker.PlanQuery{Limit: 1}
	var todo []paspeaker.Campaign
	for _, s := range steps {
		switch s.Do {
		case "add", "change":
			q.Drafts = append(q.Drafts, s.campaign)
			todo = append(todo, s.campaign)
		case "remove":
			q.Drop = append(q.Drop, s.ID)
		}
	}
	var plan paspeaker.Plan
	if len(todo)+len(q.Drop) > 0 {
		if plan, err = c.Plan(ctx, q); err != nil { // every fault, before anything is changed
			return f.locateAny(err)
		}
	}
	if g.json {
		if err := encode(g.out, struct {
			DryRun bool                `json:"dry_run"`
			Steps  []step              `json:"steps"`
			Diff   *paspeaker.PlanDiff `json:"diff,omitempty"`
		}{o.dryRun, steps, plan.Diff}); err != nil {
			return err
		}
	} else {
		g.showSteps(steps, plan.Diff)
	}
	if o.dryRun || len(todo)+len(q.Drop) == 0 {
		return nil
	}
	if len(q.Drop) > 0 {
		if err := g.confirm(o.yes, g.language().trf("remove from the plan: %s", strings.Join(q.Drop, ", "))); err != nil {
			return err
		}
	}
	if err := g.confirmZones(o.yes, todo...); err != nil {
		return err
	}
	return g.doSteps(ctx, c, f, steps, o.force)
}

// planSteps compares a file with the plan.
func planSteps(ctx context.Context, c *client.Client, f campaignFile, prune bool) ([]step, error) {
	list, err := c.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	have := map[string]paspeaker.Campaign{}
	for _, v := range list {
		have[v.ID] = v.Campaign
	}
	var steps []step
	for _, v := range f.campaigns {
		old, known := have[v.ID]
		delete(have, v.ID)
		s := step{Do: "add", ID: v.ID, campaign: v}
		if known {
			if s.Fields, err = changedFields(old, v); err != nil {
				return nil, err
			}
			s.campaign.Revision, s.Do = old.Revision, "change"
			if len(s.Fields) == 0 {
				s.Do = "same"
			}
		}
		steps = append(steps, s)
	}
	for _, v := range list {
		if _, left := have[v.ID]; left && prune {
			steps = append(steps, step{Do: "remove", ID: v.ID, campaign: v.Campaign})
		}
	}
	return steps, nil
}

// changedFields are the words of the file in which two campaigns differ.
func changedFields(a, b paspeaker.Campaign) ([]string, error) {
	one, err := fieldTexts(a)
	if err != nil {
		return nil, err
	}
	two, err := fieldTexts(b)
	if err != nil {
		return nil, err
	}
	var out []string
	for key := range one {
		if one[key] != two[key] {
			out = append(out, key)
		}
	}
	for key := range two {
		if _, both := one[key]; !both {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out, nil
}

func fieldTexts(c paspeaker.Campaign) (map[string]string, error) {
	n, err := campaignNode(c)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		text, err := yaml.Marshal(n.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("write campaign %s: %w", c.ID, err)
		}
		out[n.Content[i].Value] = string(text)
	}
	return out, nil
}

func (g *globals) showSteps(steps []step, diff *paspeaker.PlanDiff) {
	l := g.language()
	marks := map[string]string{"add": "+", "change": "~", "same": "=", "remove": "-"}
	for _, s := range steps {
		line := marks[s.Do] + " " + s.ID
		if len(s.Fields) > 0 {
			line += ": " + strings.Join(s.Fields, ", ")
		}
		fmt.Fprintln(g.out, line)
	}
	if diff != nil {
		g.showDiff(diff)
	} else {
		fmt.Fprintln(g.out, l.tr("the plan stays as it is"))
	}
}

func (g *globals) doSteps(ctx context.Context, c *client.Client, f campaignFile, steps []step, force bool) error {
	done := 0
	for _, s := range steps {
		var err error
		switch s.Do {
		case "add", "change":
			_, err = c.PutCampaign(ctx, s.campaign, force)
			err = f.locate(s.ID, err)
		case "remove":
			err = c.RemoveCampaign(ctx, s.ID, s.campaign.Revision)
		default:
			continue
		}
		if err != nil {
			return fmt.Errorf("%w (%d of %d campaigns were done; apply the file again when it is mended)", err, done, len(steps))
		}
		done++
	}
	if !g.json {
		fmt.Fprintln(g.out, g.language().trf("campaigns taken over: %d", done))
	}
	return nil
}

// locateAny gives faults of drafts, "campaign ID: path: what", their lines.
func (f campaignFile) locateAny(err error) error {
	var e *paspeaker.Error
	if !errors.As(err, &e) || e.Code != paspeaker.CodeInvalid || f.nodes == nil {
		return err
	}
	var out []string
	for line := range strings.Lines(e.What) {
		line = strings.TrimRight(line, "\n")
		rest, ok := strings.CutPrefix(line, "campaign ")
		id, rest, found := strings.Cut(rest, ": ")
		if n := f.nodes[id]; ok && found && n != nil {
			path, _, _ := strings.Cut(rest, ": ")
			line = fmt.Sprintf("%s:%d: %s", f.name, lineAt(n, path), line)
		}
		out = append(out, line)
	}
	return &paspeaker.Error{Code: e.Code, What: strings.Join(out, "\n"), Hint: e.Hint}
}

// writeOut writes to a file that appears whole, or to the screen.
func (g *globals) writeOut(name string, text []byte) error {
	if name == "" || name == "-" {
		_, err := g.out.Write(text)
		return err
	}
	if err := os.WriteFile(name+".part", text, 0o644); err != nil {
		return usageError{err}
	}
	return os.Rename(name+".part", name)
}
