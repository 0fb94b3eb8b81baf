// With the Go client that openapi-generator has made of /schema.
package main

import (
	"context"
	"fmt"
	"os"

	openapi "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Args[1]}}
	client := openapi.NewAPIClient(configuration)
	said, _, err := client.DefaultAPI.Predict(context.Background()).TextPart(*openapi.NewTextPart("An amazing cast.")).Execute()
	if err != nil {
		panic(err)
	}
	fmt.Printf("Go: predict\t%s after %d words\n", said.Label, said.Words)
}
