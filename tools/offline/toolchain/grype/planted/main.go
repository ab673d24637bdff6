// Command planted writes a vulnerability database that knows one vulnerability: what a test of the gate is scanned by.
//
//	planted FILE.db ID SEVERITY PACKAGE FIXED_IN
//
// The package is one of Python's, affected in every version before FIXED_IN.
package main

import (
	"log"
	"os"
	"path/filepath"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: planted FILE.db ID SEVERITY PACKAGE FIXED_IN")
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		log.Fatal(err)
	}
}

func write(file, id, severity, name, fixedIn string) error {
	folder, err := os.MkdirTemp(filepath.Dir(file), "planted")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	database, err := v6.NewWriter(v6.Config{DBDirPath: folder, CacheSizeKiB: 1024})
	if err != nil {
		return err
	}
	now := time.Now()
	vulnerability := &v6.VulnerabilityHandle{
		Name:          id,
		Status:        v6.VulnerabilityActive,
		PublishedDate: &now,
		ProviderID:    "planted",
		Provider:      &v6.Provider{ID: "planted", Version: "1", Processor: "planted", DateCaptured: &now},
		BlobValue: &v6.VulnerabilityBlob{
			ID:         id,
			Severities: []v6.Severity{{Scheme: v6.SeveritySchemeCHMLN, Value: severity, Rank: 1}},
		},
	}
	if err := database.AddVulnerabilities(vulnerability); err != nil {
		return err
	}
	affected := &v6.AffectedPackageHandle{
		VulnerabilityID: vulnerability.ID,
		Package:         &v6.Package{Ecosystem: "python", Name: name},
		BlobValue: &v6.PackageBlob{Ranges: []v6.Range{{
			Version: v6.Version{Type: "python", Constraint: "<" + fixedIn},
			Fix:     &v6.Fix{Version: fixedIn, State: v6.FixedStatus},
		}}},
	}
	if err := database.AddAffectedPackages(affected); err != nil {
		return err
	}
	if err := database.SetDBMetadata(); err != nil {
		return err
	}
	if err := database.Close(); err != nil {
		return err
	}
	return os.Rename(filepath.Join(folder, v6.VulnerabilityDBFileName), file)
}
