// Package summary is in progress.
package summary
