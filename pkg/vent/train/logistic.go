package train

import (
	"math"
	"sync"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// examples are rows as features with classes and weights, for one head.
type examples struct {
	start   []int32
	ids     []uint32
	class   []uint8
	weight  []float64
	scale   []float64
	size    int
	classes int
}

const charBit = 1 << 31

func (e *examples) doc(i int) []uint32 { return e.ids[e.start[i]:e.start[i+1]] }

func (e *examples) add(ids []uint32, scale float64, class uint8, weight float64) {
	if len(e.start) == 0 {
		e.start = append(e.start, 0)
	}
	e.ids = append(e.ids, ids...)
	e.start = append(e.start, int32(len(e.ids)))
	e.scale = append(e.scale, scale)
	e.class = append(e.class, class)
	e.weight = append(e.weight, weight)
}

// fitOptions are the hyper-parameters of one head.
type fitOptions struct {
	// l2 pulls weights towards the prior.
	l2 float64
	// prior is how much of the naive Bayes log ratio is the prior of a weight.
	prior float64
	// smooth is added to the counts of naive Bayes.
	smooth     float64
	iterations int
	progress   func(iteration int, value float64)
}

// lengthScale keeps long texts from drowning in their own n-grams.
func lengthScale(n int) float64 { return 1 / math.Sqrt(1+float64(n)/lengthUnit) }

const (
	lengthUnit = 130
	fitChunks  = 4
)

// fit returns the weights, feature by feature, class by class.
func fit(e *examples, opt fitOptions) []float64 {
	k := e.classes
	prior := bayes(e, opt)
	x := append([]float64(nil), prior...)
	grads := make([][]float64, fitChunks)
	for c := range grads {
		grads[c] = make([]float64, e.size*k)
	}
	loss := make([]float64, fitChunks)
	f := func(x, g []float64) float64 {
		var wg sync.WaitGroup
		n := len(e.class)
		for c := range fitChunks {
			wg.Go(func() { loss[c] = e.gradient(x, grads[c], c*n/fitChunks, (c+1)*n/fitChunks) })
		}
		wg.Wait()
		var value float64
		for c := range fitChunks {
			value += loss[c]
		}
		for j := range x {
			d := x[j] - prior[j]
			value += 0.5 * opt.l2 * d * d
			s := opt.l2 * d
			for c := range fitChunks {
				s += grads[c][j]
			}
			g[j] = s
		}
		return value
	}
	minimise(f, x, lbfgsOptions{iterations: opt.iterations, tolerance: 1e-6, progress: opt.progress})
	return x
}

// gradient adds up loss and gradient of the examples from to to.
func (e *examples) gradient(x, g []float64, from, to int) float64 {
	clear(g)
	k := e.classes
	var loss float64
	z := make([]float64, k)
	for i := from; i < to; i++ {
		ids := e.doc(i)
		scale := e.scale[i]
		logits(x, ids, scale, z)
		loss += e.weight[i] * residual(z, int(e.class[i]))
		for c := range z {
			z[c] *= e.weight[i] * scale
		}
		for _, id := range ids {
			v := model.Words.Value()
			if id&charBit != 0 {
				v = model.Chars.Value()
			}
			at := int(id&^charBit) * k
			for c := range k {
				g[at+c] += v * z[c]
			}
		}
	}
	return loss
}

// residual turns log-odds into what is wrong with them, and returns the loss. One
// class alone is a yes-or-no question.
func residual(z []float64, y int) float64 {
	if len(z) == 1 {
		p := sigmoid(z[0])
		z[0] = p - float64(y)
		if y == 0 {
			p = 1 - p
		}
		return -math.Log(math.Max(p, 1e-300))
	}
	softmax(z)
	loss := -math.Log(math.Max(z[y], 1e-300))
	z[y]--
	return loss
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func logits(x []float64, ids []uint32, scale float64, z []float64) {
	clear(z)
	k := len(z)
	for _, id := range ids {
		v := model.Words.Value()
		if id&charBit != 0 {
			v = model.Chars.Value()
		}
		row := x[int(id&^charBit)*k:]
		for c := range z {
			z[c] += v * row[c]
		}
	}
	for c := range z {
		z[c] *= scale
	}
}

// softmax turns log-odds into probabilities in place and returns their log-sum.
func softmax(z []float64) float64 {
	top := z[0]
	for _, v := range z {
		top = math.Max(top, v)
	}
	var sum float64
	for c := range z {
		z[c] = math.Exp(z[c] - top)
		sum += z[c]
	}
	for c := range z {
		z[c] /= sum
	}
	return top + math.Log(sum)
}

// bayes is the prior of each weight: a share of how much likelier the feature is
// in the class than outside it.
func bayes(e *examples, opt fitOptions) []float64 {
	out := make([]float64, e.size*e.classes)
	if opt.prior == 0 {
		return out
	}
	k := max(e.classes, 2)
	count := make([]float64, e.size*k)
	for i := range e.class {
		for _, id := range e.doc(i) {
			count[int(id&^charBit)*k+int(e.class[i])] += e.weight[i]
		}
	}
	total := make([]float64, k)
	for i := range e.class {
		total[e.class[i]] += e.weight[i]
	}
	var all float64
	for _, t := range total {
		all += t
	}
	for j := range e.size {
		row := count[j*k : j*k+k]
		var sum float64
		for _, v := range row {
			sum += v
		}
		for c := range k {
			if e.classes == 1 && c == 0 {
				continue
			}
			in := (row[c] + opt.smooth*total[c]/all) / total[c]
			rest := (sum - row[c] + opt.smooth*(1-total[c]/all)) / (all - total[c])
			out[j*e.classes+c%e.classes] = opt.prior * math.Log(in/rest)
		}
	}
	return out
}
