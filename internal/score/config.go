package score

import "github.com/leakytap/leakytap/internal/setting"

// Config is the section `score` of leakytap.yaml.
type Config struct {
	// Model is the path of a model file written by `leakytap train`; empty uses the built-in one.
	Model string `yaml:"model" json:"model,omitempty"`
	// SecondOpinion is auto, or none for the first opinion alone; empty is auto.
	SecondOpinion string `yaml:"second_opinion" json:"second_opinion,omitempty"`
}

// Validate names what is wrong with c.
func (c Config) Validate() []setting.Problem {
	switch c.SecondOpinion {
	case "", "auto", "none":
		return nil
	default:
		return []setting.Problem{{Path: "second_opinion", Msg: "must be auto or none"}}
	}
}
