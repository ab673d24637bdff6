// Command pulumi-resource-docker is the Docker resource plugin: the Terraform provider for Docker behind Pulumi's
// bridge, with the tokens and property names of the official plugin, so that the `pulumi-docker` package of PyPI works
// with either, and either operates the state of the other. It has no `docker.Image`: build with `docker.RemoteImage`.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// version is set at link time to the version of the `pulumi-docker` package.
var version = "0.0.0"

func main() {
	info := tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(shim.New(version)),
		Name:    "docker",
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    {Tok: "docker:index/getRemoteImage:getRemoteImage"},
			"docker_logs":                     {Tok: "docker:index/getLogs:getLogs"},
			"docker_network":                  {Tok: "docker:index/getNetwork:getNetwork"},
			"docker_plugin":                   {Tok: "docker:index/getPlugin:getPlugin"},
			"docker_registry_image":           {Tok: "docker:index/getRegistryImage:getRegistryImage"},
			"docker_registry_image_manifests": {Tok: "docker:index/getRegistryImageManifests:getRegistryImageManifests"},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_buildx_builder": {Tok: "docker:index/buildxBuilder:BuildxBuilder"},
			"docker_config":         {Tok: "docker:index/serviceConfig:ServiceConfig"},
			"docker_container": {
				Tok:                 "docker:index/container:Container",
				DeleteBeforeReplace: true,
				// The bridge would make these plural or singular; the official plugin keeps them as they are.
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok: "docker:index/remoteImage:RemoteImage",
				// No autonaming: the name of an image is its reference.
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
			"docker_network":        {Tok: "docker:index/network:Network"},
			"docker_plugin":         {Tok: "docker:index/plugin:Plugin"},
			"docker_registry_image": {Tok: "docker:index/registryImage:RegistryImage"},
			"docker_secret":         {Tok: "docker:index/secret:Secret"},
			"docker_service":        {Tok: "docker:index/service:Service"},
			"docker_tag":            {Tok: "docker:index/tag:Tag"},
			"docker_volume":         {Tok: "docker:index/volume:Volume"},
		},
	}
	info.SetAutonaming(255, "-")
	tfbridge.Main("docker", version, info, []byte("{}"))
}
