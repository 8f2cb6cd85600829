// Package app wires the daemon: it opens what a role needs, connects the
// stages, reloads, and drains. It holds no rule about mentions or cases.
//
//	app.go           New and Run: from a config to a running daemon
//	flow.go          the whole way of a mention, in one place
//	roles.go         which parts a process runs
//	generation.go    one immutable reading of the config
//	reload.go        from a changed file to a new generation
//	sources.go       the running sources, and the one switch on their type
//	receivers.go     the running receivers, and the one switch on their kind
//	housekeeping.go  lease, gauges, blind sources, retention
//	canary.go        the marked post that proves the flow each minute
//	watches.go       how ingest hears which conversations are watched
//	backend.go       what the inbox, the API and the CLI ask for
//	datadir.go       the lock on data_dir and the address of the running daemon
//	metrics.go       the metrics that belong to no stage
package app
