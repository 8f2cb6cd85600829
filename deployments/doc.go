// Package deployments holds what operators install: it has tests and no code.
// They load the shipped configs, and ask a real Prometheus every query of the
// dashboards and rules.
package deployments
