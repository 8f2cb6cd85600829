package app

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// gitWithin bounds what asking a repository may take.
const gitWithin = 2 * time.Second

// whoChanged is who last changed a file, as far as it can be told: the author of its last
// commit where it stands in a git repository as it was committed, else its owner.
func whoChanged(ctx context.Context, file string) string {
	if who := committed(ctx, file); who != "" {
		return who
	}
	return fileOwner(file)
}

func committed(ctx context.Context, file string) string {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return ""
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			break
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
	if _, err := exec.LookPath("git"); err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, gitWithin)
	defer cancel()
	git := func(args ...string) (string, error) {
		// What a repository's own config would run is switched off.
		all := append([]string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", dir, "--no-optional-locks"}, args...)
		out, err := exec.CommandContext(ctx, "git", all...).Output()
		return strings.TrimSpace(string(out)), err
	}
	name := filepath.Base(file)
	if _, err := git("diff", "--quiet", "--no-ext-diff", "HEAD", "--", name); err != nil {
		return "" // not as it was committed
	}
	who, err := git("log", "-1", "--format=%an (%h)", "--", name)
	if err != nil {
		return ""
	}
	return clipRunes(who, 80)
}
