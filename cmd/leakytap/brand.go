package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
)

func newBrand(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "brand",
		Short: "Write, try and pin: the work on brand files",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBrandNew(env), newBrandTry(env), newBrandPin(env))
	return cmd
}

func newBrandNew(env *environment) *cobra.Command {
	b := brand.Default()
	var stdout bool
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a commented file for a new brand",
		Long: `Writes a commented file for a new brand into brands_dir of the config, with the JSON
Schema that editors complete and check it by; without a brands_dir, or with --stdout,
it goes to standard output. On a terminal it asks for what no flag says.`,
		Args: args(1, 1),
		RunE: func(_ *cobra.Command, words []string) error {
			b.Name = words[0]
			if b.Query == "" && isTerminal(env.stdin) {
				if err := askBrand(env.stdin, env.stderr, &b); err != nil {
					return err
				}
			}
			if b.Query == "" {
				b.Query = `"` + b.Name + `"`
			}
			data, problems := config.NewBrandFile(b)
			printProblems(env.stderr, problems, false)
			if len(config.Errors(problems)) > 0 {
				return errSaid
			}
			dir, err := env.brandsDir()
			if err != nil {
				return err
			}
			if stdout || dir == "" {
				_, err := env.stdout.Write(data)
				return err
			}
			return env.writeBrand(dir, b.Name, data)
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.Query, "query", "", "the query (default: the name)")
	f.StringSliceVar(&b.OwnAccounts, "own", nil, "an account of the brand's own, such as @acmeair; may be given again")
	f.StringSliceVar(&b.Competitors, "competitor", nil, "a rival's name; may be given again")
	f.StringSliceVar(&b.Context, "context", nil, "a word that speaks for the brand rather than a namesake; may be given again")
	f.BoolVar(&stdout, "stdout", false, "print the file even where the config has a brands_dir")
	return cmd
}

// askBrand asks for what makes a brand.
func askBrand(in io.Reader, out io.Writer, b *brand.Brand) error {
	lines := bufio.NewReader(in)
	ask := func(question string) (string, error) {
		fmt.Fprintf(out, "%s: ", question)
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the answer: %w", err)
		}
		return strings.TrimSpace(line), nil
	}
	var err error
	if b.Query, err = ask(fmt.Sprintf("What to listen for, such as \"acme air\" OR @acmeair [%q]", b.Name)); err != nil {
		return err
	}
	for _, q := range []struct {
		question string
		into     *[]string
	}{
		{"Your own accounts, with commas between", &b.OwnAccounts},
		{"Rivals' names, with commas between", &b.Competitors},
		{"Words that speak for you where others are called alike, with commas between", &b.Context},
	} {
		if len(*q.into) > 0 {
			continue
		}
		line, err := ask(q.question)
		if err != nil {
			return err
		}
		for part := range strings.SplitSeq(line, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*q.into = append(*q.into, part)
			}
		}
	}
	return nil
}

// brandsDir is the config's brands_dir, empty where there is no config or no folder.
func (e *environment) brandsDir() (string, error) {
	if _, err := os.Stat(e.configPath); errors.Is(err, os.ErrNotExist) && !e.configGiven {
		return "", nil
	}
	cfg, problems := config.Load(e.configPath, config.Options{})
	if config.Fatal(problems) {
		printProblems(e.stderr, config.Errors(problems), false)
		return "", errSaid
	}
	return cfg.BrandsDir, nil
}

// writeBrand writes the file, which must not be there, and the schema beside it.
func (e *environment) writeBrand(dir, name string, data []byte) error {
	path := filepath.Join(dir, name+".yaml")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a brand file is read by others, too
	if err != nil {
		return fmt.Errorf("writing the brand file: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	schema := filepath.Join(dir, config.BrandSchemaFile)
	if old, err := os.ReadFile(schema); err != nil || !bytes.Equal(old, config.BrandSchema()) {
		if err := os.WriteFile(schema, config.BrandSchema(), 0o644); err != nil { //nolint:gosec // as above
			return fmt.Errorf("writing %s: %w", schema, err)
		}
	}
	fmt.Fprintln(e.stdout, path)
	return nil
}
