package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// environment is what every command shares: the streams and the common flags.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	configPath string
	logLevel   string
	logFormat  string
	json       bool
	// actor is the name that --as gives.
	actor string
	// configGiven says that --config or $LEAKYTAP_CONFIG named the file.
	configGiven bool
}

const defaultConfig = "leakytap.yaml"

func newRoot(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "leakytap",
		Short: "Hears unhappy customers in public feeds and brings each to the people who can make it right",
		Long: `LeakyTap pulls mentions of your brands from public feeds, finds the customers who
are venting, and puts each in front of your support team while it can still be
put right. Then it stays with the case until the customer is all right.

Start with:  leakytap demo
Then:        leakytap run --brand "your brand"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSubcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return env.resolve(cmd)
		},
	}
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&env.configPath, "config", "", "config file (default leakytap.yaml, or $LEAKYTAP_CONFIG)")
	flags.StringVar(&env.logLevel, "log.level", "info", "debug, info, warn or error")
	flags.StringVar(&env.logFormat, "log.format", "", "json or console (default: console on a terminal)")
	flags.BoolVar(&env.json, "json", false, "print JSON where a command prints for people")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(commands(env)...)
	root.SetHelpCommand(newHelp(root))
	return root
}

// noSubcommand refuses a first word that is no command.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("unknown command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{fmt.Errorf("%s (%s --help lists them)", msg, cmd.CommandPath())}
}

// newHelp is the help command: a word that is no command is wrong usage.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, words []string) error {
			cmd, rest, err := root.Find(words)
			if err != nil || cmd == nil || len(rest) > 0 {
				return noSubcommand(root, words)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// many stands for any number of arguments.
const many = -1

// args checks how many arguments a command takes; another number is wrong usage.
func args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, words []string) error {
		if len(words) >= least && (most == many || len(words) <= most) {
			return nil
		}
		return usageError{fmt.Errorf("%s takes %s, not %d\nusage: %s", strings.TrimPrefix(cmd.CommandPath(), "leakytap "), howMany(least, most), len(words), cmd.UseLine())}
	}
}

func howMany(least, most int) string {
	switch {
	case most == many:
		return "1 argument or more"
	case most == 0:
		return "no arguments"
	case most == 1 && least == 1:
		return "1 argument"
	case most == 1:
		return "at most 1 argument"
	default:
		return strconv.Itoa(most) + " arguments"
	}
}

func (e *environment) resolve(cmd *cobra.Command) error {
	e.configGiven = cmd.Flags().Changed("config")
	if e.configPath == "" {
		e.configPath = defaultConfig
		if v := os.Getenv("LEAKYTAP_CONFIG"); v != "" {
			e.configPath, e.configGiven = v, true
		}
	}
	if _, err := zapcore.ParseLevel(e.logLevel); err != nil {
		return usageError{fmt.Errorf("--log.level %q: must be debug, info, warn or error", e.logLevel)}
	}
	if len(e.actor) > 64 || strings.ContainsFunc(e.actor, noNameRune) {
		return usageError{fmt.Errorf("--as %q: a login or a Slack user id has letters, digits, . _ - and @, at most 64", e.actor)}
	}
	switch e.logFormat {
	case "", "json", "console":
	default:
		return usageError{fmt.Errorf("--log.format %q: must be json or console", e.logFormat)}
	}
	return nil
}

// noNameRune reports whether r stands in no login and no Slack user id.
func noNameRune(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@", r)
}

// logger writes to stderr: for people on a terminal, as JSON elsewhere.
func (e *environment) logger() *zap.Logger {
	level, err := zapcore.ParseLevel(e.logLevel)
	if err != nil {
		level = zapcore.InfoLevel
	}
	format := e.logFormat
	if format == "" {
		format = "json"
		if isTerminal(e.stderr) {
			format = "console"
		}
	}
	cfg := zap.NewProductionEncoderConfig()
	cfg.EncodeTime = zapcore.RFC3339TimeEncoder
	cfg.EncodeDuration = zapcore.StringDurationEncoder
	enc := zapcore.NewJSONEncoder(cfg)
	if format == "console" {
		cfg.EncodeLevel = zapcore.CapitalLevelEncoder
		cfg.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		enc = zapcore.NewConsoleEncoder(cfg)
	}
	return zap.New(zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(e.stderr)), level))
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
