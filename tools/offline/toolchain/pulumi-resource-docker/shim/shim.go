// Package shim hands out the Terraform provider for Docker, which its module keeps in an internal package: a package
// under the provider's own module path may import it.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"

	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// New returns the provider as version `version`.
func New(version string) *schema.Provider { return provider.New(version)() }
