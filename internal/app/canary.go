package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	canaryEvery = time.Minute
	canaryPoll  = time.Second
	// metaCanary is where the store keeps the time of the last success.
	metaCanary = "canary_last_success"
)

// sendCanaries puts a marked post on the bus each minute, the first at once.
func (d *Daemon) sendCanaries(ctx context.Context) error {
	tick := time.NewTicker(canaryEvery)
	defer tick.Stop()
	for {
		if err := d.sendCanary(ctx, time.Now().UTC()); err != nil && ctx.Err() == nil {
			d.log.Warn("canary was not sent", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Daemon) sendCanary(ctx context.Context, now time.Time) error {
	m := record.Matched{
		V: record.Version, Brand: record.BrandCanary, Match: record.MatchCanary,
		Mention: mention.Mention{
			ID: "canary:" + strconv.FormatInt(now.UnixNano(), 36), Platform: "canary", Kind: mention.KindPost,
			Text: "a marked post that crosses the flow", CreatedAt: now, ObservedAt: now,
		},
	}
	value, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding canary: %w", err)
	}
	if err := d.bus.Publish(ctx, bus.TopicMentions, bus.Message{Key: m.Key(), Value: value}); err != nil {
		return fmt.Errorf("publishing canary: %w", err)
	}
	return nil
}

// takeCanaries is the receiver of the canary: it takes its rows from the outbox
// and says when the last one came.
func (d *Daemon) takeCanaries(ctx context.Context) error {
	tick := time.NewTicker(canaryPoll)
	defer tick.Stop()
	if s, ok, err := d.store.Meta(ctx, metaCanary); err == nil && ok {
		if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
			d.met.canary.Set(float64(at.UnixMilli()) / 1000)
		}
	}
	for {
		if err := d.takeCanary(ctx, time.Now().UTC()); err != nil && ctx.Err() == nil {
			d.log.Warn("canary was not taken", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Daemon) takeCanary(ctx context.Context, now time.Time) error {
	rows, err := d.store.ClaimNotices(ctx, record.ReceiverCanary, now, time.Minute, 16)
	if err != nil {
		return fmt.Errorf("claiming canaries: %w", err)
	}
	for i := range rows {
		if err := d.store.MarkSent(ctx, rows[i].ID, rows[i].Attempts, record.Receipt{}, now); err != nil {
			return fmt.Errorf("marking canary: %w", err)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	d.met.canary.Set(float64(now.UnixMilli()) / 1000)
	if err := d.store.SetMeta(ctx, metaCanary, now.Format(time.RFC3339Nano)); err != nil {
		return fmt.Errorf("remembering canary: %w", err)
	}
	d.heartbeat(ctx)
	return nil
}

// heartbeat tells a watcher outside that the flow was crossed, where one is named.
func (d *Daemon) heartbeat(ctx context.Context) {
	url := d.gen.Load().cfg.Canary.HeartbeatURL.Reveal()
	if url == "" {
		return
	}
	client := d.out.Client(httpx.Policy{AllowPrivate: true, HidePath: true, Timeout: 10 * time.Second, MaxBody: 64 << 10})
	defer client.Close()
	resp, err := client.Get(ctx, url)
	if err == nil {
		err = resp.Err()
	}
	if err != nil {
		d.log.Warn("heartbeat was not sent", zap.Error(err))
	}
}
