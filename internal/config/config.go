package config

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
)

// Config is everything that the daemon is told.
type Config struct {
	DataDir       string                 `yaml:"data_dir"`
	Server        web.Config             `yaml:"server"`
	Bus           bus.Config             `yaml:"bus"`
	Store         store.Config           `yaml:"store"`
	HTTP          httpx.Config           `yaml:"http"`
	Sources       []ingest.Config        `yaml:"sources"`
	BrandsDir     string                 `yaml:"brands_dir"`
	Terms         map[string][]string    `yaml:"terms"`
	BrandDefaults BrandDefaults          `yaml:"brand_defaults"`
	Brands        []brand.Brand          `yaml:"brands"`
	Route         alert.Route            `yaml:"route"`
	TimeIntervals []alert.TimeInterval   `yaml:"time_intervals"`
	InhibitRules  []alert.InhibitRule    `yaml:"inhibit_rules"`
	Receivers     []alert.ReceiverConfig `yaml:"receivers"`
	OpsReceiver   string                 `yaml:"ops_receiver"`

	SampleReceiver string       `yaml:"sample_receiver"`
	Score          score.Config `yaml:"score"`
	Canary         Canary       `yaml:"canary"`
	Debug          Debug        `yaml:"debug"`

	// Units are the brands as they were written, broken ones included, in order of
	// file: those of leakytap.yaml first. Brands holds those that are good.
	Units []BrandUnit `yaml:"-"`

	src   *source
	opt   Options
	marks *marks
	files []string
	// reads are the bytes that it is made of, while it is read; fingerprint is theirs.
	reads       *readings
	fingerprint string
	noDir       bool // brands_dir cannot be read
	// lists are the term lists as queries take them.
	lists map[string][]string
	// written are the secrets that stand in the config itself.
	written []string
}

// BrandDefaults is what every brand has that writes nothing else. A list that a brand
// writes takes the place of the list here.
type BrandDefaults struct {
	Languages     []string    `yaml:"languages"`
	OwnAccounts   []string    `yaml:"own_accounts"`
	PressAccounts []string    `yaml:"press_accounts"`
	Competitors   []string    `yaml:"competitors"`
	Context       []string    `yaml:"context"`
	Alert         brand.Alert `yaml:"alert"`
	Timezone      string      `yaml:"timezone"`
	Learn         string      `yaml:"learn"`

	SLA         brand.SLA        `yaml:"sla"`
	Hours       brand.Hours      `yaml:"hours"`
	Nudge       brand.Nudge      `yaml:"nudge"`
	Praise      brand.Praise     `yaml:"praise"`
	SilentAfter setting.Duration `yaml:"silent_after"`

	Spikes   brand.Spikes   `yaml:"spikes"`
	Priority brand.Priority `yaml:"priority"`
}

// Canary is the marked post that crosses the daemon each minute.
type Canary struct {
	// HeartbeatURL is fetched after each canary that arrived; empty fetches nothing.
	HeartbeatURL     setting.Secret `yaml:"heartbeat_url"`
	HeartbeatURLFile string         `yaml:"heartbeat_url_file"`
}

// Debug is for looking into a running daemon.
type Debug struct {
	// Listen is a loopback host:port that serves pprof; empty serves it nowhere.
	Listen string `yaml:"listen"`
}

// Default is the config where nothing is written.
func Default() *Config {
	return &Config{
		reads:   &readings{},
		DataDir: "./data",
		Server:  web.Default(),
		Store:   store.Default(),
		BrandDefaults: BrandDefaults{
			Alert: brand.Default().Alert, SLA: brand.Default().SLA, SilentAfter: brand.Default().SilentAfter,
			Spikes: brand.DefaultSpikes(), Priority: brand.DefaultPriority(),
		},
	}
}

// brand is a brand that has the defaults only.
func (d BrandDefaults) brand() brand.Brand {
	b := brand.Default()
	b.Languages, b.OwnAccounts, b.PressAccounts = d.Languages, d.OwnAccounts, d.PressAccounts
	b.Competitors, b.Context = d.Competitors, d.Context
	b.Alert, b.Timezone, b.Learn = d.Alert, d.Timezone, d.Learn
	b.SLA, b.Hours, b.Nudge, b.Praise, b.SilentAfter = d.SLA, d.Hours, d.Nudge, d.Praise, d.SilentAfter
	b.Spikes, b.Priority = d.Spikes, d.Priority
	return b
}

// complete fills in what is not written.
func (c *Config) complete() {
	c.Bus = c.Bus.WithDefaults()
	for i := range c.Sources {
		c.Sources[i] = c.Sources[i].WithDefaults()
	}
	if len(c.Receivers) == 0 {
		c.Receivers = []alert.ReceiverConfig{{Name: "console", Console: &alert.ConsoleConfig{}}}
	}
	for i := range c.Receivers {
		c.Receivers[i] = c.Receivers[i].WithDefaults()
	}
	if c.Route.Receiver == "" && len(c.Receivers) == 1 {
		c.Route.Receiver = c.Receivers[0].Name
	}
}

// Files are the files and folders that the config was read from: itself, the
// brand files and the files of secrets. A change in any of them may change it.
func (c *Config) Files() []string { return c.files }

// Fingerprint differs where the bytes of one of the Files differ, as they were when the
// config was made of them. It is for a Watcher.
func (c *Config) Fingerprint() string { return c.fingerprint }

// Hash changes with everything in the effective config but the values of its secrets.
func (c *Config) Hash() string {
	h := sha256.New()
	_, _ = h.Write(c.Show())
	return hex.EncodeToString(h.Sum(nil)[:12])
}
