package main

import "github.com/spf13/cobra"

// commands are all commands, in the order in which help lists them.
func commands(env *environment) []*cobra.Command {
	return []*cobra.Command{
		newRun(env), newDemo(env), newConfig(env), newBrand(env),
		newScore(env), newExplain(env), newTrain(env), newEval(env), newReplay(env), newBacktest(env), newLedger(env), newShadow(env),
		newWhy(env), newCase(env), newSilence(env), newSample(env), newLabel(env), newSource(env), newDead(env),
		newTestReceiver(env), newHealthcheck(env), newVersion(env), newCompletion(env),
	}
}
