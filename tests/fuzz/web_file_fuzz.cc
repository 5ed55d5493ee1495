// Any web configuration file is accepted, or refused with an error of one line, and accepted values
// are valid in headers.

#include "config/web_file.h"
#include "fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scidex;
  try {
    const http::WebOptions options = config::ParseWebFile("/etc/web.yml", fuzz::Text(data, size));
    for (const auto& [name, value] : options.headers) {
      fuzz::Expect(value.find_first_of(std::string("\r\n\0", 3)) == std::string::npos,
                   "a header is one line", value);
    }
    const http::TlsOptions& tls = options.tls;
    const bool speaks = (!tls.cert.empty() || !tls.cert_file.empty()) &&
                        (!tls.key.empty() || !tls.key_file.empty());
    fuzz::Expect(options.tls_enabled == speaks, "TLS has a certificate and a key, or neither");
  } catch (const config::ConfigError& error) {
    fuzz::ExpectMessage(error.what());
  }
  return 0;
}
