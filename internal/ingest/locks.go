package ingest

import (
	"context"
	"hash/maphash"
	"slices"
)

// idLocks lets one batch at a time look up, publish and save a given id, while
// batches without a common id go on side by side. Ids share 64 locks.
type idLocks struct {
	seed  maphash.Seed
	slots [64]chan struct{}
}

func newIDLocks() *idLocks {
	l := &idLocks{seed: maphash.MakeSeed()}
	for i := range l.slots {
		l.slots[i] = make(chan struct{}, 1)
	}
	return l
}

// lock takes the locks of ids and gives what releases them. It fails with ctx.
func (l *idLocks) lock(ctx context.Context, ids []string) (func(), error) {
	var want []int
	for _, id := range ids {
		want = append(want, int(maphash.String(l.seed, id)%uint64(len(l.slots))))
	}
	slices.Sort(want) // always in the same order, so that two batches cannot wait for each other
	want = slices.Compact(want)
	unlock := func(n int) {
		for _, i := range want[:n] {
			<-l.slots[i]
		}
	}
	for n, i := range want {
		select {
		case l.slots[i] <- struct{}{}:
		case <-ctx.Done():
			unlock(n)
			return nil, ctx.Err()
		}
	}
	return func() { unlock(len(want)) }, nil
}
