package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
)

// flow is the whole way of a mention. Each part blocks until ctx ends; what is
// not of this process's roles is left out.
//
//	sources -> [mentions] -> score -> [scored] -> desk -> outbox -> receivers
func (d *Daemon) flow() []part {
	return []part{
		// Hearing: sources publish what matches a brand.
		{RoleIngest, "sources", d.ingest.Run},
		{RoleIngest, "canaries", d.sendCanaries},
		{RoleIngest, "watched conversations", d.hearWatches},

		// Tuning: a candidate judges beside the config and sends nothing.
		{RoleIngest, "shadow", d.shadows.run},
		{RoleWeb, "backtests", d.tuning.run},

		// Scoring: each match gets its score.
		{RoleScore, "scorer", func(ctx context.Context) error {
			return d.bus.Consume(ctx, bus.TopicMentions, bus.GroupScore, d.score.Handle)
		}},

		// Deciding: one transaction for decision, case and outbox.
		{RoleAlert, "desk", func(ctx context.Context) error {
			return d.bus.Consume(ctx, bus.TopicScored, bus.GroupAlert, d.decide)
		}},
		{RoleAlert, "clocks", d.tick},
		{RoleAlert, "dead letters", func(ctx context.Context) error {
			return d.bus.Consume(ctx, bus.TopicDead, bus.GroupAlert, d.keepDead)
		}},
		{RoleAlert, "announcer", d.tellWatches},

		// Learning: labels become layers, which every scorer and desk takes up.
		{RoleAlert, "teacher", d.learn},
		{RoleAlert, "announcer of layers", d.tellLayers},
		{RoleScore, "heard layers", d.hearLayers},
		{"", "layers", d.followLayers},

		// Telling: the outbox is drained, a drain for each receiver.
		{RoleAlert, "receivers", d.drains.run},
		{RoleAlert, "canary", d.takeCanaries},

		// Hearing back: clicks that come without a public address.
		{RoleWeb, "slack sockets", func(ctx context.Context) error { return d.sockets.Run(ctx) }},

		// Every process serves its health; the web role serves the inbox too.
		{"", "server", d.web.Run},
		{"", "housekeeping", d.keepHouse},
		{RoleAlert, "measuring", d.measure},
		{"", "config watcher", d.watchConfig},
		{"", "profiler", d.serveProfiler},
		{RoleIngest, "progress", d.showProgress},
	}
}

// part is one goroutine of the daemon; an empty role is every process's.
type part struct {
	role Role
	name string
	run  func(ctx context.Context) error
}

// decide takes scored mentions of one partition to the desk. Records that
// cannot be decided upon become dead letters; an error that is not a record's
// fault brings the batch again.
func (d *Daemon) decide(ctx context.Context, batch []bus.Message) error {
	mentions := make([]record.Scored, 0, len(batch))
	from := make([]int, 0, len(batch))
	for i, m := range batch {
		var s record.Scored
		if err := json.Unmarshal(m.Value, &s); err != nil {
			if dead := d.dead.Send(ctx, "alert", "bad_record", m, fmt.Errorf("reading scored mention: %w", err)); dead != nil {
				return dead
			}
			continue
		}
		if s.Match == record.MatchOps {
			if err := d.takeOps(ctx, s); err != nil {
				return err
			}
			continue
		}
		mentions, from = append(mentions, s), append(from, i)
	}
	decisions, err := d.desk.Scored(ctx, mentions)
	d.met.parts.count(decisions) // those that are made, also where others could not be
	if bad, ok := errors.AsType[*desk.BadRecordsError](err); ok {
		for _, b := range bad.Bad {
			if dead := d.dead.Send(ctx, "alert", b.Reason, batch[from[b.Index]], b.Err); dead != nil {
				return dead
			}
		}
		err = nil
	}
	if err != nil {
		return err
	}
	d.drains.wake()
	return d.forget(ctx, mentions)
}

// forgetter is a log that can erase; Kafka's keeps its messages for the
// topic's retention.
type forgetter interface {
	Forget(ctx context.Context, keys ...string) error
}

// forget has the log erase the conversations in which a post was taken back:
// what of them is still to be done stays until it is.
func (d *Daemon) forget(ctx context.Context, mentions []record.Scored) error {
	log, ok := d.bus.(forgetter)
	if !ok {
		return nil
	}
	var keys []string
	for i := range mentions {
		if mentions[i].Mention.Retracted {
			keys = append(keys, mentions[i].Key())
		}
	}
	return log.Forget(ctx, keys...)
}

// keepDead writes dead letters into the store, where people find them.
func (d *Daemon) keepDead(ctx context.Context, batch []bus.Message) error {
	for _, m := range batch {
		var dead record.Dead
		if json.Unmarshal(m.Value, &dead) != nil || dead.ID == "" {
			d.log.Error("dead letter cannot be read and is dropped")
			continue
		}
		if err := d.store.PutDead(ctx, dead); err != nil {
			return fmt.Errorf("keeping dead letter %s: %w", dead.ID, err)
		}
	}
	return nil
}

// sharedStore says that the processes' roles read the same watch rows.
func (d *Daemon) sharedStore() bool {
	return d.opt.Roles.Has(RoleIngest) && d.opt.Roles.Has(RoleAlert)
}

// hearWatches mirrors the watch rows of another process. Every process that ingests
// needs all of them, so each is a group of its own, the same one after a restart.
func (d *Daemon) hearWatches(ctx context.Context) error {
	if d.sharedStore() {
		return nil
	}
	return d.bus.Consume(ctx, topicWatches, "ingest-"+d.place(), d.watches.handle)
}

// tellWatches announces the watch rows to other processes.
func (d *Daemon) tellWatches(ctx context.Context) error {
	if d.sharedStore() {
		return nil
	}
	return announceWatches(ctx, d.store, d.bus, d.log)
}

// place tells this process's data_dir from all others, over restarts.
func (d *Daemon) place() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	dir, err := filepath.Abs(d.gen.Load().cfg.DataDir)
	if err != nil {
		dir = d.gen.Load().cfg.DataDir
	}
	return fingerprint([]string{host, dir})[:12]
}
