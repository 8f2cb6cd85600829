package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
)

// shieldConnector makes connections whose statements do not see a context end.
// The driver interrupts a statement whose context ends, and SQLite answers an
// interrupted write by rolling back the whole transaction: one caller's timeout
// would undo the others' work in the group. Package sql still refuses to begin
// a statement under a context that has ended.
type shieldConnector struct{ driver.Connector }

// Connect opens a shielded connection.
func (s shieldConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("the sqlite driver lacks a context method"), c.Close())
	}
	return shieldConn{full}, nil
}

// fullConn is every interface that the driver's connections implement and
// package sql asks for.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// shieldConn passes everything on with a context that never ends.
type shieldConn struct{ fullConn }

// Unwrap is the driver's own connection.
func (c shieldConn) Unwrap() driver.Conn { return c.fullConn }

// BeginTx begins a transaction.
func (c shieldConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.fullConn.BeginTx(context.WithoutCancel(ctx), opts)
}

// PrepareContext prepares a statement that is shielded too.
func (c shieldConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.fullConn.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	full, ok := s.(fullStmt)
	if !ok {
		return nil, errors.Join(errors.New("the sqlite driver lacks a context method"), s.Close())
	}
	return shieldStmt{full}, nil
}

// ExecContext runs a statement.
func (c shieldConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.fullConn.ExecContext(context.WithoutCancel(ctx), query, args)
}

// QueryContext runs a query.
func (c shieldConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.fullConn.QueryContext(context.WithoutCancel(ctx), query, args)
}

// fullStmt is every interface of the driver's statements that package sql asks
// for.
type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// shieldStmt passes everything on with a context that never ends.
type shieldStmt struct{ fullStmt }

// ExecContext runs the statement.
func (s shieldStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.fullStmt.ExecContext(context.WithoutCancel(ctx), args)
}

// QueryContext runs the statement as a query.
func (s shieldStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.fullStmt.QueryContext(context.WithoutCancel(ctx), args)
}
