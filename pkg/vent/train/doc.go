// Package train fits the scorer's model to labelled posts and measures it.
//
// The same rows give the same bytes: nothing depends on the number of cores, on
// map order or on the clock.
//
//	run.go       a training run from files to a model file
//	rows.go      labelled rows and their files
//	parse.go     one line as a row
//	augment.go   rows made of rows
//	corpus.go    rows as features
//	lbfgs.go     the optimiser
//	logistic.go  multinomial logistic regression with a naive Bayes prior
//	heads.go     what each row teaches, and the hyper-parameters
//	prune.go     which features stay
//	folds.go     which rows are held out together
//	blend.go     how the heads add up to venting, and calibration
//	mood.go      polarity in other languages
//	quantise.go  weights as bytes
//	report.go    figures on held-out rows
//	interval.go  how far a figure can be trusted
//	markdown.go  the report for people
//	eval.go      figures of any scorer on labelled rows
//	metrics.go   recall, area under the curve, calibration error
//	progress.go  what a run says while it works
package train
