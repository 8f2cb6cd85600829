// Package vent answers one question about a text: is its author an unhappy
// customer complaining about this brand, how badly, and why do we think so?
package vent
