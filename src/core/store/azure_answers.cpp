#include "core/store/azure_answers.h"

#include <algorithm>
#include <iterator>
#include <pugixml.hpp>

#include "core/store/store_name.h"

namespace lifeboat {
namespace {

struct Hint {
    std::string_view code;
    const char* hint;
};

constexpr Hint kHints[] = {
    {"ContainerNotFound", "Create the container, or correct the URL or option \"endpoint\"."},
    {"AuthenticationFailed",
     "The key or token is not one of this account or has ended, or the clock of this machine is "
     "wrong: see option \"credentials\"."},
    {"InvalidAuthenticationInfo", "See what option \"credentials\" names."},
    {"AuthorizationFailure",
     "The token does not allow this here: a shared access signature needs the rights create and "
     "read (to prune also list and delete), from this address."},
    {"AuthorizationPermissionMismatch",
     "The shared access signature needs the rights create and read, to prune also list and "
     "delete."},
    {"AuthorizationServiceMismatch", "The shared access signature must be for blobs."},
    {"AuthorizationResourceTypeMismatch",
     "The shared access signature must be for objects, to list also for containers."},
    {"AccountIsDisabled", "Enable the account."},
    {"BlobArchived",
     "The object is in tier Archive: rehydrate it in Azure (az storage blob set-tier), which takes "
     "hours, then try again."},
};

std::string ChildText(const pugi::xml_node& node, const char* name) {
    return node.child(name).text().as_string();
}

pugi::xml_node ErrorNode(const HttpAnswer& answer, pugi::xml_document& document) {
    if (!document.load_buffer(answer.body.data(), answer.body.size())) return {};
    return document.child("Error");
}

// The first line: what follows are the request's id and the time.
std::string MessageOf(const HttpAnswer& answer) {
    pugi::xml_document document;
    const std::string message = ChildText(ErrorNode(answer, document), "Message");
    return message.substr(0, message.find('\n'));
}

std::string Detail(const HttpAnswer& answer, const std::string& code) {
    std::string text = "The service answered " + std::to_string(answer.status);
    if (!code.empty()) text += " " + Printable(code);
    if (const std::string message = MessageOf(answer); !message.empty())
        text += ": " + Printable(message);
    if (!text.ends_with('.')) text += '.';
    if (const std::string_view id = answer.Header("x-ms-request-id"); !id.empty())
        text += " Its request id is " + Printable(id) + ".";
    return text;
}

std::string HintFor(const HttpAnswer& answer, const std::string& code) {
    const auto* found = std::ranges::find(kHints, code, &Hint::code);
    if (found != std::end(kHints)) return found->hint;
    return answer.status == 403 ? "See what option \"credentials\" names." : "";
}

bool PassesByItself(int status) {
    return status == 408 || status == 429 || status == 200 || (status >= 500 && status != 501);
}

Errc CodeFor(int status, const std::string& code) {
    if (code == "ContainerNotFound") return Errc::StoreMissing;
    if (status == 401 || status == 403) return Errc::StoreDenied;
    return PassesByItself(status) ? Errc::StoreUnreachable : Errc::StoreRefused;
}

} // namespace

std::string AzureErrorCode(const HttpAnswer& answer) {
    if (const std::string_view code = answer.Header("x-ms-error-code"); !code.empty())
        return std::string(code);
    pugi::xml_document document;
    return ChildText(ErrorNode(answer, document), "Code");
}

StoreError AzureRefused(const ServiceCall& call, std::string_view url, const HttpAnswer& answer) {
    const std::string code = AzureErrorCode(answer);
    if (answer.status == 404 && !code.empty() && code != "ContainerNotFound")
        return ObjectAbsent(call.name, url);
    // Who may create and not write is told the latter.
    if (code == "BlobAlreadyExists" || code == "UnauthorizedBlobOverwrite" || answer.status == 412)
        return ObjectExists(call.name, url);
    const bool stray = answer.status == 404 && code.empty(); // of somebody between here and there
    return {
        stray || PassesByItself(answer.status) ? StoreFault::kTransient : StoreFault::kPermanent,
        CodeFor(answer.status, code), "could not " + Describe(call, url), Detail(answer, code),
        HintFor(answer, code)};
}

ServiceListing ParseAzureListing(const ServiceCall& call, std::string_view url,
                                 const HttpAnswer& answer) {
    pugi::xml_document document;
    pugi::xml_node result;
    if (document.load_buffer(answer.body.data(), answer.body.size()))
        result = document.child("EnumerationResults");
    if (!result)
        throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable,
                         "could not " + Describe(call, url),
                         "The service answered 200 with something that is no listing.");
    ServiceListing listing;
    for (const pugi::xml_node blob : result.child("Blobs").children("Blob")) {
        const pugi::xml_node properties = blob.child("Properties");
        StoreObject object;
        object.name = ChildText(blob, "Name");
        object.size = ListedSize(call, url, ChildText(properties, "Content-Length"));
        object.modified =
            ListedTime(call, url, ParseHttpDate(ChildText(properties, "Last-Modified")));
        listing.objects.push_back(std::move(object));
    }
    listing.next = ChildText(result, "NextMarker");
    return listing;
}

} // namespace lifeboat
