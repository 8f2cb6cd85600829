package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// errBlocked is inside every error about an address that may not be dialled.
var errBlocked = errors.New("the address is not public; allow_private: true lets a source use its own host")

type dialer struct {
	policy   Policy
	host     string // normalised Policy.AllowHost
	resolver *net.Resolver
	proxy    *url.URL
}

// allowed reports whether host may be private when it is dialled first hand.
func (d *dialer) allowed(host string) bool {
	return d.policy.AllowPrivate || d.host != "" && normalHost(host) == d.host
}

// dialDirect dials for a request that the product itself makes.
func (d *dialer) dialDirect(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.dial(ctx, network, addr, true)
}

// dialMoved dials for a request that a redirect asks for: never a private address.
func (d *dialer) dialMoved(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.dial(ctx, network, addr, false)
}

func (d *dialer) dial(ctx context.Context, network, addr string, first bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address: %w", err)
	}
	nd := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: d.resolver}
	// Where a proxy is set, net/http dials it under its own address, and targets
	// were checked by checkTarget before.
	toProxy := d.proxy != nil && addr == proxyAddr(d.proxy)
	if !toProxy && (!first || !d.allowed(host)) {
		// The check stands at the dialled address and not at the name, so that no
		// spelling, second answer of a name server or late change gets around it.
		nd.Control = refusePrivate
	}
	return nd.DialContext(ctx, network, addr)
}

func refusePrivate(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%s: %w", network, errBlocked)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(ap.Addr()) {
		return errBlocked
	}
	return nil
}

// checkTarget checks the target of a request that a proxy will dial: an address
// as it is, a name by what it resolves to here. A name that does not resolve
// here is left to the proxy, which is where names are known behind one.
func (d *dialer) checkTarget(ctx context.Context, host string, first bool) error {
	if d.proxy == nil || first && d.allowed(host) {
		return nil
	}
	if isLoopbackHost(host) {
		return errBlocked
	}
	name := normalHost(host)
	if ip, err := netip.ParseAddr(name); err == nil {
		if !IsPublic(ip) {
			return errBlocked
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := d.resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil // the name may be known to the proxy alone
	}
	for _, ip := range ips {
		if !IsPublic(ip) {
			return errBlocked
		}
	}
	return nil
}

func proxyAddr(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
