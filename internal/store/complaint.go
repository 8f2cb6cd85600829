package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const complaintColumns = "brand, mention, at, author, topics, outage, words, about, copy, reach, case_id"

func scanComplaint(scan scanFunc) (record.Complaint, error) {
	var (
		v             record.Complaint
		at, author    int64
		topics, words string
	)
	err := scan(&v.Brand, &v.Mention, &at, &author, &topics, &v.Outage, &words, &v.About, &v.Copy, &v.Reach, &v.Case)
	v.At, v.Author = when(at), unbits(author)
	v.Topics, v.Words = strings.Fields(topics), strings.Fields(words)
	return v, err
}

// PutComplaint notes a post that asked for a card. What was noted of it before stays.
func (tx *Tx) PutComplaint(v record.Complaint) error {
	if err := tx.holds(v.Brand); err != nil {
		return err
	}
	_, err := exec(tx.ctx, tx.c, "INSERT INTO complaints ("+complaintColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (brand, mention) DO NOTHING`, v.Brand, v.Mention, stamp(v.At), bits(v.Author), strings.Join(v.Topics, " "), v.Outage,
		strings.Join(v.Words, " "), v.About, v.Copy, v.Reach, v.Case)
	if err != nil {
		return fmt.Errorf("noting complaint %s of brand %s: %w", v.Mention, v.Brand, err)
	}
	return nil
}

// maxComplaints bounds how many complaints are read at a time: the newest.
const maxComplaints = 5000

// Complaints are what the brand's authors complained about from from on, before to:
// the newest limit of them, the oldest first.
func (tx *Tx) Complaints(brand string, from, to time.Time, limit int) ([]record.Complaint, error) {
	return complaints(tx.ctx, tx.c, brand, from, to, limit)
}

// Complaints are as Tx.Complaints gives them.
func (s *Store) Complaints(ctx context.Context, brand string, from, to time.Time, limit int) ([]record.Complaint, error) {
	return complaints(ctx, s.reads, brand, from, to, limit)
}

func complaints(ctx context.Context, c conn, brand string, from, to time.Time, limit int) ([]record.Complaint, error) {
	out, err := list(ctx, c, scanComplaint, "SELECT "+complaintColumns+` FROM complaints
		WHERE brand = ? AND at >= ? AND at < ? ORDER BY at DESC, n DESC LIMIT ?`,
		brand, stamp(from), stamp(to), limitOr(limit, maxComplaints, maxComplaints))
	if err != nil {
		return nil, fmt.Errorf("reading the complaints of brand %s: %w", brand, err)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, nil
}

// FirstComplaint is when the brand's first complaint that is kept came, zero when
// there is none.
func (tx *Tx) FirstComplaint(brand string) (time.Time, error) {
	return firstComplaint(tx.ctx, tx.c, brand)
}

// FirstComplaint is as Tx.FirstComplaint gives it.
func (s *Store) FirstComplaint(ctx context.Context, brand string) (time.Time, error) {
	return firstComplaint(ctx, s.reads, brand)
}

func firstComplaint(ctx context.Context, c conn, brand string) (time.Time, error) {
	at, _, err := first(ctx, c, scalar[*int64], "SELECT MIN(at) FROM complaints WHERE brand = ?", brand)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the first complaint of brand %s: %w", brand, err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return when(*at), nil
}

// maxIncidents bounds how many incident cases are looked at.
const maxIncidents = 50

// Incidents are the brand's incident cases that changed at or after since, the one
// that changed last first, at most 50.
func (tx *Tx) Incidents(brand string, since time.Time) ([]record.Case, error) {
	return incidents(tx.ctx, tx.c, brand, since)
}

// Incidents are as Tx.Incidents gives them.
func (s *Store) Incidents(ctx context.Context, brand string, since time.Time) ([]record.Case, error) {
	return incidents(ctx, s.reads, brand, since)
}

func incidents(ctx context.Context, c conn, brand string, since time.Time) ([]record.Case, error) {
	out, err := list(ctx, c, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE brand = ? AND updated_at >= ? AND crowd LIKE '%"incident":%' ORDER BY updated_at DESC, id DESC LIMIT ?`,
		brand, stamp(since), maxIncidents)
	if err != nil {
		return nil, fmt.Errorf("reading the incidents of brand %s: %w", brand, err)
	}
	return out, nil
}
