// Package train fits the scorer's model to labelled posts and measures it.
//
// The same rows give the same bytes: nothing depends on the number of cores, on
// map order or on the clock.
//
//	doc.go        the package
//	rows.go       labelled rows and how they are read
//	corpus.go     rows as features
//	lbfgs.go      the optimiser
//	logistic.go   multinomial logistic regression with a naive Bayes prior
//	metrics.go    recall, area under the curve, calibration error
package train
