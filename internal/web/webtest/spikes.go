package webtest

import (
	"context"

	"github.com/leakytap/leakytap/internal/record"
)

// Spikes is an invented state of two brands.
func (*Backend) Spikes(context.Context) ([]record.SpikeStatus, error) {
	return []record.SpikeStatus{
		{
			Brand: "larkspur", Enabled: true, Days: 5, Needed: 3, Ready: true, Cases: []string{"01JDCASE0000000000000000AA"},
			Topics: []record.SpikeTopic{{Topic: "billing", Authors: 24, Usual: 2.25, Needs: 12}},
		},
		{Brand: "tollgate", Enabled: true, Days: 1, Needed: 3, Topics: []record.SpikeTopic{{Topic: "app", Authors: 2}}},
		{Brand: "quiet", Needed: 3},
	}, nil
}
