// With the Java client that openapi-generator has made of /schema.
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.DefaultApi;
import org.openapitools.client.model.TextPart;

public class Predict {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        var said = new DefaultApi(client).predict(new TextPart().text("An amazing cast."), null);
        System.out.println("Java: predict\t" + said.getLabel() + " after " + said.getWords() + " words");
    }
}
