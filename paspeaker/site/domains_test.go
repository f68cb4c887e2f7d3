package site

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDomainsAreWhatLoudspeakersShare(t *testing.T) {
	s, err := Parse([]byte(`
site: {id: park, name: Park, time_zone: UTC, groups: 239.9.9.0/24, port: 5004}
zones:
  - {id: park-road, name: Road, nested: [gates], plain: g722}
  - {id: gates, name: Gates}
speakers:
  - {id: gate-1, name: Gate, zones: [gates], switch: sw-1}
  - {id: gate-2, name: Gate, zones: [gates]}
  - {id: road-1, name: Road, zones: [park-road], switch: sw-1}
  - {id: horn, name: Horn, kind: third-party, zones: [park-road], switch: sw-1}
`), "")
	require.NoError(t, err)
	assert.Equal(t, []string{"switch:sw-1", "zone:gates", "zone:park-road", "site"}, s.Domains("gate-1"))
	assert.Equal(t, []string{"zone:gates", "zone:park-road", "site"}, s.Domains("gate-2"))
	assert.Equal(t, []string{"switch:sw-1", "zone:park-road", "site"}, s.Domains("road-1"))
	assert.Empty(t, s.Domains("horn"), "nothing is heard of it")
	assert.Empty(t, s.Domains("gates"))
	for domain, want := range map[string]int{"switch:sw-1": 2, "zone:gates": 2, "zone:park-road": 3, "site": 3, "zone:none": 0} {
		assert.Equal(t, want, s.DomainSize(domain), domain)
	}
	_, err = Parse([]byte("site: {id: park, name: Park, time_zone: UTC}\nspeakers: [{id: gate-1, name: Gate, switch: Tủ số 1}]\n"), "")
	assert.ErrorContains(t, err, "speakers[0].switch")
}
