# With the clients that openapi-generator makes of /schema: each generated, compiled and run, in the folder it is called in.
# sh run.sh GENERATOR JAR SCHEMA NODE_MODULES ROOT
set -eu
calls=$(dirname "$0") generator=$1 jar=$2 schema=$3 tools=$4 root=$5
generate() { language=$1; shift; "$generator" generate -g "$language" -i "$schema" -o "$language" "$@" >generated.log; }

# A field of several types is an Object in Java: what is generated for one that may be a list does not compile.
unions=Input=Object,Inputs_1=Object,Ledger_units=Object,Running_logit=Object,Target=Object,Units=Object
generate java --library native --schema-mappings $unions \
  --additional-properties=openApiNullable=false,supportUrlQuery=false,useJakartaEe=true
classes=$jar:/usr/share/java/jakarta-annotation-api.jar
find java/src/main/java -name '*.java' >sources
javac -nowarn -d classes -cp "$classes" @sources "$calls/Predict.java" 2>compiled.log
java -cp "classes:$classes" Predict "$root"

generate typescript-fetch
mkdir typescript
mv typescript-fetch typescript/client
cp "$calls/predict.ts" typescript
ln -s "$tools" typescript/node_modules
"$tools/.bin/tsc" --strict --target es2022 --module commonjs --moduleResolution node --lib es2022,dom \
  --typeRoots "$tools/@types" --types node typescript/predict.ts
node typescript/predict.js "$root"

generate go
mkdir go/predict
cp "$calls/main.go" go/predict
cd go
go run ./predict "$root"
