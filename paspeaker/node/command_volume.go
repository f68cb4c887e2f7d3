package node

import (
	"context"
	"encoding/json"
	"math"

	"pa/paspeaker"
)

// volume shows the loudspeaker's trim, or sets and keeps it.
func (n *Node) volume(_ context.Context, args json.RawMessage) (any, error) {
	v, err := decodeArgs[paspeaker.Volume](args)
	if err != nil {
		return nil, err
	}
	conf := n.conf.Load()
	if v.DB != nil {
		db := *v.DB
		if math.IsNaN(db) || db < paspeaker.MinTrimDB || db > paspeaker.MaxTrimDB {
			return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "volume %g dB: want %d to %d; more belongs into zones.yaml as gain_db", db, paspeaker.MinTrimDB, paspeaker.MaxTrimDB)
		}
		if err := n.bench.change(func(s *settings) { s.TrimDB = db }); err != nil {
			return nil, err
		}
		n.mixer.SetGain(conf.GainDB + db)
		n.log.Info("volume changed", "trim_db", db)
	}
	return paspeaker.Trim{TrimDB: n.bench.trim(), GainDB: conf.GainDB}, nil
}
