#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "base/joined.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/read_file.h"

namespace scidex::http {

struct Tls::Material {
  std::shared_ptr<const WebOptions> options;
  std::string cert;
  base::Secret key;
  std::string client_ca;

  friend bool operator==(const Material& a, const Material& b) = default;
};

namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

void FreeNames(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }
using Names = std::unique_ptr<GENERAL_NAMES, Free<FreeNames>>;

// A key that does not belong to the certificate.
class Mismatch : public TlsError {
  using TlsError::TlsError;
};

// Suites of TLS 1.2 with forward secrecy and authenticated encryption, as RFC 9325 recommends
// (https://www.rfc-editor.org/rfc/rfc9325#section-4.2).
constexpr char kDefaultCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// The file or, for an inline text, the configuration key.
std::string PlaceOf(const std::string& file, std::string_view key) {
  return file.empty() ? "tls_server_config." + std::string(key) : file;
}

// OpenSSL's first error. Clears its error queue.
std::string FirstError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

[[noreturn]] void Fail(const std::string& place, const std::string& what) {
  throw TlsError(place + ": " + what);
}

std::string TextOf(const std::string& file, const std::string& text) {
  return file.empty() ? text : base::ReadFile(file);
}

Bio Reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Certificate> ReadCertificates(const std::string& text) {
  const Bio bio = Reading(text);
  std::vector<Certificate> certificates;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(one);
  }
  // OpenSSL reports the end of the text as an error, too.
  ERR_clear_error();
  return certificates;
}

// Rejects a key with a password, instead of prompting for it.
int NoPassword(char*, int, int, void*) { return 0; }

void UseCertificate(SSL_CTX* context, const TlsOptions& options, const std::string& cert,
                    const std::string& key) {
  const std::string cert_place = PlaceOf(options.cert_file, "cert");
  const std::string key_place = PlaceOf(options.key_file, "key");
  const std::vector<Certificate> chain = ReadCertificates(cert);
  if (chain.empty()) Fail(cert_place, "contains no certificate in PEM format");
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) Fail(cert_place, FirstError());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) Fail(cert_place, FirstError());
  }
  const Bio bio = Reading(key);
  const PrivateKey private_key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassword, nullptr));
  if (!private_key) {
    ERR_clear_error();
    Fail(key_place, "contains no private key in PEM format without a password");
  }
  // SSL_CTX_use_PrivateKey() compares only with a certificate of the key's own algorithm.
  if (X509_check_private_key(chain.front().get(), private_key.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, private_key.get()) != 1) {
    ERR_clear_error();
    throw Mismatch(key_place + ": is not the key of the certificate of " + cert_place);
  }
}

// The text form of an IP address in a certificate.
std::string AddressText(const ASN1_OCTET_STRING& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(&address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(&address) != 16) return "";
  inet_ntop(family, ASN1_STRING_get0_data(&address), text.data(), text.size());
  return text.data();
}

std::string NameText(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name.d.ia5)),
              static_cast<std::size_t>(ASN1_STRING_length(name.d.ia5))};
    case GEN_IPADD:
      return AddressText(*name.d.iPAddress);
    default:
      return "";
  }
}

bool HasAllowedName(X509* certificate, const std::vector<std::string>& allowed) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string text = NameText(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty() && std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
      return true;
    }
  }
  return false;
}

// With X509_V_FLAG_PARTIAL_CHAIN, OpenSSL also lets a listed certificate of version 3 that is not
// marked as a CA issue others.
bool IssuersAreCas(X509_STORE_CTX* store) {
  STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    X509* const issuer = sk_X509_value(chain, i);
    constexpr long kVersion3 = 2;
    if (X509_get_version(issuer) == kVersion3 && X509_check_ca(issuer) != 1) {
      X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_CA);
      return false;
    }
  }
  return true;
}

// Verifies a client's chain by the options in `argument`.
int JudgeChain(X509_STORE_CTX* store, void* argument) {
  const TlsOptions& options = *static_cast<const TlsOptions*>(argument);
  if (VerifiesCertificate(options.client_auth) &&
      (X509_verify_cert(store) != 1 || !IssuersAreCas(store))) {
    return 0;
  }
  if (options.client_allowed_sans.empty() ||
      HasAllowedName(X509_STORE_CTX_get0_cert(store), options.client_allowed_sans)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void UseClientAuth(SSL_CTX* context, const TlsOptions& options, const std::string& client_ca) {
  if (options.client_auth == ClientAuth::kNone) return;
  SSL_CTX_set_verify(
      context,
      SSL_VERIFY_PEER |
          (RequiresCertificate(options.client_auth) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      nullptr);
  SSL_CTX_set_cert_verify_callback(context, &JudgeChain, const_cast<TlsOptions*>(&options));
  // A file that is named but empty must not make every CA of the system trusted.
  if (client_ca.empty() && options.client_ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return;
  }
  const std::vector<Certificate> trusted = ReadCertificates(client_ca);
  if (trusted.empty()) {
    Fail(PlaceOf(options.client_ca_file, "client_ca"), "contains no certificate in PEM format");
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  // As in the toolkit, an intermediate CA alone is trusted without its root.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const Certificate& one : trusted) {
    X509_STORE_add_cert(store, one.get());
    SSL_CTX_add_client_CA(context, one.get());
  }
}

int Number(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return TLS1_VERSION;
    case TlsVersion::kTls11:
      return TLS1_1_VERSION;
    case TlsVersion::kTls12:
      return TLS1_2_VERSION;
    case TlsVersion::kTls13:
      return TLS1_3_VERSION;
  }
  return 0;
}

void UseVersions(SSL_CTX* context, const TlsOptions& options) {
  if (SSL_CTX_set_min_proto_version(context, Number(options.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context, Number(options.max_version)) != 1) {
    Fail("tls_server_config.min_version", FirstError());
  }
  // OpenSSL's default security level rejects the digests of TLS 1.0 and 1.1.
  if (options.min_version < TlsVersion::kTls12) SSL_CTX_set_security_level(context, 0);
}

void UseCiphers(SSL_CTX* context, const TlsOptions& options) {
  std::string ciphers;
  for (const std::string& name : options.cipher_suites) {
    // TLS 1.3 suites are not configurable, as in Go.
    if (name.starts_with("TLS_AES_") || name.starts_with("TLS_CHACHA20_")) continue;
    const std::string cipher = OPENSSL_cipher_name(name.c_str());
    if (cipher == "(NONE)") {
      Fail("tls_server_config.cipher_suites",
           base::QuotedUnlessSecret(name) + " is not a cipher suite of OpenSSL; write an IANA " +
               "name, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    }
    ciphers += (ciphers.empty() ? "" : ":") + cipher;
  }
  // TLS versions before 1.2 have no such suites.
  if (ciphers.empty() && options.min_version >= TlsVersion::kTls12) ciphers = kDefaultCiphers;
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    Fail("tls_server_config.cipher_suites", FirstError());
  }
  // OpenSSL refuses a curve that is listed twice.
  std::vector<std::string> curves;
  for (const std::string& name : options.curves) {
    std::string curve = name == "X25519" ? name : "P-" + name.substr(name.size() - 3);
    if (std::find(curves.begin(), curves.end(), curve) == curves.end())
      curves.push_back(std::move(curve));
  }
  if (!curves.empty() &&
      SSL_CTX_set1_groups_list(context, base::Joined(curves, ":").c_str()) != 1) {
    Fail("tls_server_config.curve_preferences", FirstError());
  }
  if (options.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
}

// Selects HTTP/1.1, the only protocol of this server, for clients that also offer HTTP/2.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* out = nullptr;
  if (SSL_select_next_proto(&out, size, kHttp11, sizeof kHttp11 - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Tls::Material Tls::Read() {
  Material found{.options = config_.Read(), .cert = {}, .key = {}, .client_ca = {}};
  const TlsOptions& options = found.options->tls;
  found.cert = TextOf(options.cert_file, options.cert);
  found.key = base::Secret(TextOf(options.key_file, options.key.Reveal()));
  found.client_ca = TextOf(options.client_ca_file, options.client_ca);
  return found;
}

TlsContext Tls::InGrace(const Material& found, const TlsError& mismatch) {
  const base::MutexLock lock(mutex_);
  // All other changes must take effect immediately.
  if (!material_ || material_->options != found.options ||
      material_->client_ca != found.client_ca) {
    return nullptr;
  }
  const base::TimePoint now = clock_.Now();
  if (!mismatched_since_) {
    mismatched_since_ = now;
    base::LogWarn("TLS keeps the previous certificate for now", {{"error", mismatch.what()}});
  }
  return now < base::Add(*mismatched_since_, kMismatchGrace) ? context_ : nullptr;
}

TlsContext Tls::Context() {
  Material found = Read();
  {
    const base::MutexLock lock(mutex_);
    if (material_ && *material_ == found) {
      mismatched_since_.reset();
      return context_;
    }
  }
  const auto material = std::make_shared<const Material>(std::move(found));
  // The context's callbacks use the material.
  TlsContext context(SSL_CTX_new(TLS_server_method()),
                     [material](SSL_CTX* made) { SSL_CTX_free(made); });
  if (!context) throw TlsError("OpenSSL: " + FirstError());
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(context.get(), &ChooseProtocol, nullptr);
  constexpr std::string_view kSessions = "scidex_pg_exporter";
  SSL_CTX_set_session_id_context(context.get(),
                                 reinterpret_cast<const unsigned char*>(kSessions.data()),
                                 static_cast<unsigned int>(kSessions.size()));
  const TlsOptions& kept = material->options->tls;
  UseVersions(context.get(), kept);
  UseCiphers(context.get(), kept);
  try {
    UseCertificate(context.get(), kept, material->cert, material->key.Reveal());
  } catch (const Mismatch& mismatch) {
    if (TlsContext before = InGrace(*material, mismatch)) return before;
    throw;
  }
  UseClientAuth(context.get(), kept, material->client_ca);
  const base::MutexLock lock(mutex_);
  mismatched_since_.reset();
  material_ = material;
  context_ = context;
  return context;
}

}  // namespace scidex::http
