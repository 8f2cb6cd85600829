package httpx

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// notPublic4 are the IPv4 ranges that are not the public internet, and the one
// public address that Azure answers its metadata on.
func notPublic4() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
	)
}

// notPublic6 are the ranges inside 2000::/3 that are not the public internet;
// all outside 2000::/3 is refused without a list.
func notPublic6() []netip.Prefix {
	return prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// IsPublic reports whether a stranger's URL may lead to ip. Loopback, private,
// link-local, metadata, carrier-grade NAT, documentation, multicast, 6to4,
// Teredo and IPv4-mapped spellings of these are not public. A NAT64 address is
// as public as the IPv4 address inside it, so that a machine with IPv6 alone
// reaches the world.
func IsPublic(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	if netip.MustParsePrefix("64:ff9b::/96").Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.Is4() {
		return !within(ip, notPublic4())
	}
	return netip.MustParsePrefix("2000::/3").Contains(ip) && !within(ip, notPublic6())
}

func within(ip netip.Addr, ps []netip.Prefix) bool {
	for _, p := range ps {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// normalHost is host as net/http hands it to a dialler: ASCII, lower case,
// without port, brackets, zone or closing dot.
func normalHost(host string) string {
	if host == "" {
		return ""
	}
	if ap, err := netip.ParseAddrPort(host); err == nil {
		return ap.Addr().String()
	}
	host = strings.Trim(host, "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String()
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Count(host, ":") == 1 {
		host = host[:i]
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

func isLoopbackHost(host string) bool {
	h := normalHost(host)
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(h)
	return err == nil && ip.Unmap().IsLoopback()
}
