#include "core/store/azure_options.h"

#include "core/store/sigv4.h"

namespace lifeboat {
namespace {

constexpr const char* kKnown =
    "The known options are \"endpoint\", \"ca_file\", \"credentials\", \"storage_class\", "
    "\"tags\", "
    "\"timeout\" and \"max_rate\".";

void ParseCredentials(const std::string& value, AzureOptions& options) {
    if (value != "env" && !value.starts_with("file:/"))
        RefuseOption("credentials", value.substr(0, value.find(':')),
                     "Keys themselves never stand in options.",
                     "It is \"env\" (AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN in the "
                     "environment of the server) or \"file:/path\" (of a file with the key or "
                     "token alone).");
    options.credentials = value;
}

void ParseOne(const std::string& name, const std::string& value, AzureOptions& options) {
    if (name == "endpoint") {
        options.endpoint = ParseEndpoint(value, true);
    } else if (name == "ca_file") {
        options.ca_file = ParseAbsolutePath(name, value);
    } else if (name == "credentials") {
        ParseCredentials(value, options);
    } else if (name == "storage_class") {
        if (value != "Hot" && value != "Cool" && value != "Cold")
            RefuseOption(name, value, "It is \"Hot\", \"Cool\" or \"Cold\".",
                         "What lies in Archive cannot be read for hours: let a lifecycle rule move "
                         "what lies below objects/ there.");
        options.object_headers["x-ms-access-tier"] = value;
    } else if (name == "tags") {
        options.object_headers["x-ms-tags"] = CanonicalQuery(ParseTags(value));
    } else if (name == "timeout") {
        options.timeout = ParseTimeoutOption(value);
    } else if (name != "max_rate") {
        throw Error(Errc::InvalidValue,
                    "stores of scheme \"azure\" have no option \"" + Printable(name) + "\"", {},
                    kKnown);
    }
}

} // namespace

AzureOptions ParseAzureOptions(const std::string& account, const StoreOptions& given) {
    AzureOptions options;
    options.endpoint = {"https", account + ".blob.core.windows.net", ""};
    for (const auto& [name, value] : given) ParseOne(name, value, options);
    return options;
}

} // namespace lifeboat
