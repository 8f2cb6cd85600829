package app

import (
	"fmt"
	"slices"
	"strings"
)

// Role is a part of the daemon that a process can run.
type Role string

// The roles. A process with none named runs all four.
const (
	RoleIngest Role = "ingest"
	RoleScore  Role = "score"
	RoleAlert  Role = "alert"
	RoleWeb    Role = "web"
)

// Roles are the parts that one process runs.
type Roles []Role

// AllRoles is the whole daemon in one process.
func AllRoles() Roles { return Roles{RoleIngest, RoleScore, RoleAlert, RoleWeb} }

// ParseRoles reads a list such as ingest,score; an empty one is all roles.
func ParseRoles(s string) (Roles, error) {
	if strings.TrimSpace(s) == "" {
		return AllRoles(), nil
	}
	var out Roles
	for word := range strings.SplitSeq(s, ",") {
		r := Role(strings.TrimSpace(word))
		if !slices.Contains(AllRoles(), r) {
			return nil, fmt.Errorf("role %q: must be ingest, score, alert or web", word)
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Has reports whether r is among them.
func (rs Roles) Has(r Role) bool { return slices.Contains(rs, r) }

// Check names a split that cannot work with the given bus.
func (rs Roles) Check(busKind string) error {
	if len(rs) == len(AllRoles()) {
		return nil
	}
	if busKind != "kafka" {
		return fmt.Errorf("--role %s: the embedded bus lives in one process; run all roles, or set bus: {kind: kafka}", rs)
	}
	if rs.Has(RoleAlert) != rs.Has(RoleWeb) {
		return fmt.Errorf("--role %s: with a SQLite store, alert and web run in one process; name both", rs)
	}
	return nil
}

// String writes them as ParseRoles reads them.
func (rs Roles) String() string {
	words := make([]string, len(rs))
	for i, r := range rs {
		words[i] = string(r)
	}
	return strings.Join(words, ",")
}
