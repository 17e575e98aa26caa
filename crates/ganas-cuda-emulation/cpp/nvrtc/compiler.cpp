// The way of a source: preprocessor, translation, compiler, image; or straight from the folder of earlier images.

#include "compiler.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>

#include "../kernel/image.h"
#include "source.h"

// Of the build script: GANAS_EMULATION_COMPILER, GANAS_EMULATION_SHIM_FOLDER, GANAS_EMULATION_CACHE_FOLDER.
#include "build_paths.h"

extern char** environ;

namespace emulation {

namespace {

namespace fs = std::filesystem;
using ganas_emulation::hash_bytes;

// Rounding is the same on every host; types may be read as other types, as nvcc allows; thread-local variables of
// templates belong to this object alone; unset local variables hold a conspicuous value; a large frame touches the guard
// page below the stack and does not step over it.
const std::vector<std::string> compile_flags = {
    "-std=c++20", "-O2", "-g1", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-strict-aliasing",
    "-fno-math-errno", "-fno-exceptions", "-fno-rtti", "-fno-stack-protector", "-fstack-clash-protection",
#if defined(__GNUC__) && !defined(__clang__)
    "-fno-gnu-unique",
#endif
#if defined(__clang__) || __GNUC__ >= 12
    "-ftrivial-auto-var-init=pattern",
#endif
};

// The compiler checks indices into arrays, shifts, and alignment; shim.h has the functions that its checks call.
const std::vector<std::string> check_flags = {"-fsanitize=bounds,shift,alignment"};

// fmaf is a call of the C library without them.
std::vector<std::string> processor_flags() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) return {"-mfma", "-mavx2"};
#endif
  return {};
}

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  return !file.fail();
}

// A folder that is gone with its value.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "ganas-nvrtc-XXXXXX").string();
    if (const char* made = mkdtemp(name.data())) path_ = made;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Runs the compiler with its messages in a file; 0 if it succeeds, -1 if it cannot be started.
int run_compiler(std::vector<std::string> arguments, const fs::path& folder, const fs::path& messages) {
  arguments.insert(arguments.begin(), GANAS_EMULATION_COMPILER);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, messages.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);
#if defined(__GLIBC__)
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
#endif
  pid_t child = 0;
  int error = posix_spawnp(&child, GANAS_EMULATION_COMPILER, &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string make_image(std::string_view object) {
  ganas_emulation::ImageHeader header{};
  std::memcpy(header.magic, ganas_emulation::image_magic, sizeof header.magic);
  header.size = object.size();
  header.hash = hash_bytes(object.data(), object.size());
  header.header_hash = hash_header(header);
  std::string image(reinterpret_cast<const char*>(&header), sizeof header);
  image += object;
  return image;
}

bool is_whole(std::string_view image) {
  ganas_emulation::ImageHeader header;
  if (image.size() < sizeof header) return false;
  std::memcpy(&header, image.data(), sizeof header);
  return header.header_hash == hash_header(header) && header.size == image.size() - sizeof header &&
         header.hash == hash_bytes(image.data() + sizeof header, header.size);
}

// The name of an image in the folder of earlier ones: a hash of all that it depends on.
std::string cache_name(const Program& program, const std::vector<std::string>& flags) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  auto add = [&hash](std::string_view text) {
    std::uint64_t size = text.size();
    hash = hash_bytes(&size, sizeof size, hash);
    hash = hash_bytes(text.data(), text.size(), hash);
  };
  add(GANAS_EMULATION_COMPILER);
  add(__VERSION__);
  for (const char* file : {"interface.h", "shim.h", "shim_math.h"}) {
    add(read(fs::path(GANAS_EMULATION_SHIM_FOLDER) / file).value_or(""));
  }
  for (const auto& list : {compile_flags, check_flags, processor_flags(), flags}) {
    for (const auto& flag : list) add(flag);
    add("");
  }
  add(descriptions({{"kernel", "1"}}));
  add(program.name);
  add(program.source);
  for (const auto& [name, text] : program.headers) {
    add(name);
    add(text);
  }
  char name[40];
  std::snprintf(name, sizeof name, "%016llx.image", static_cast<unsigned long long>(hash));
  return name;
}

// The folder of earlier images; empty if there is none.
fs::path cache_folder() {
  const char* chosen = std::getenv("GANAS_EMULATION_CACHE");
  fs::path folder = chosen && *chosen ? chosen : GANAS_EMULATION_CACHE_FOLDER;
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? fs::path() : folder;
}

// Other processes may read and write the same image: it is there whole or not at all.
void keep(const fs::path& path, std::string_view image) {
  fs::path part = path;
  part += "." + std::to_string(getpid()) + ".part";
  std::error_code error;
  if (write(part, image)) fs::rename(part, path, error);
  if (error || fs::exists(part, error)) fs::remove(part, error);
}

Compilation compile_anew(const Program& program, const std::vector<std::string>& flags) {
  using Outcome = Compilation::Outcome;
  TemporaryFolder folder;
  if (folder.path().empty()) return {Outcome::broken, "cannot make a temporary folder", {}};
  const fs::path source = folder.path() / "program.cu", preprocessed = folder.path() / "program.i",
                 translated = folder.path() / "program.ii", compiled = folder.path() / "program.o",
                 object = folder.path() / "program.so", messages = folder.path() / "messages";
  bool written = write(source, "#line 1 \"" + escape(program.name) + "\"\n" + program.source + "\n");
  for (const auto& [name, text] : program.headers) {
    std::error_code error;
    fs::create_directories((folder.path() / name).parent_path(), error);
    written = written && write(folder.path() / name, text);
  }
  if (!written) return {Outcome::broken, "cannot write into the temporary folder " + folder.path().string(), {}};

  auto step = [&](std::vector<std::string> arguments, const std::vector<std::string>& more) -> std::optional<Compilation> {
    arguments.insert(arguments.end(), more.begin(), more.end());
    int status = run_compiler(arguments, folder.path(), messages);
    if (status == 0) return std::nullopt;
    if (status < 0) return Compilation{Outcome::broken, "cannot run the compiler " GANAS_EMULATION_COMPILER, {}};
    return Compilation{Outcome::bad_source, read(messages).value_or(""), {}};
  };
  const std::string shim = std::string(GANAS_EMULATION_SHIM_FOLDER) + "/shim.h";
  std::vector<std::string> arguments = compile_flags;
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  if (auto failed = step(arguments, {"-E", "-x", "c++", "-nostdinc", "-I" + folder.path().string(), "-include", shim,
                                     source.string(), "-o", preprocessed.string()})) {
    return *failed;
  }
  HostSource host = translate(read(preprocessed).value_or(""));
  if (!write(translated, host.text + descriptions(host.kernels))) {
    return {Outcome::broken, "cannot write into the temporary folder " + folder.path().string(), {}};
  }
  arguments = compile_flags;
  for (const auto& more : {check_flags, processor_flags()}) arguments.insert(arguments.end(), more.begin(), more.end());
  if (auto failed = step(arguments, {"-x", "c++-cpp-output", "-Wno-unknown-pragmas", "-c", translated.string(), "-o", compiled.string()})) {
    return *failed;
  }
  // Without the flags of the checks, which would add a library with functions of their own.
  if (auto failed = step({"-shared", compiled.string(), "-o", object.string()}, {"-lm"})) return *failed;
  auto bytes = read(object);
  if (!bytes) return {Outcome::broken, "the compiler wrote no object", {}};
  return {Outcome::success, read(messages).value_or(""), make_image(*bytes)};
}

}  // namespace

Options translate_options(const std::vector<std::string>& options) {
  Options result;
  // Without an architecture, as the emulated device.
  std::string architecture = "900";
  // Options that change nothing here: precision, registers, debugging, the dialect.
  constexpr std::string_view without_effect[] = {
      "--fmad=", "-fmad=", "--ftz=", "-ftz=", "--prec-sqrt=", "-prec-sqrt=", "--prec-div=", "-prec-div=", "--use_fast_math",
      "-use_fast_math", "--maxrregcount=", "-maxrregcount=", "--std=", "-std=", "--device-debug", "-G", "--generate-line-info",
      "-lineinfo", "--restrict", "-restrict", "--extra-device-vectorization", "-extra-device-vectorization", "--dopt", "-dopt",
      "--disable-warnings", "-w", "--device-as-default-execution-space", "-default-device", "--split-compile="};
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::string_view option = options[i];
    auto after = [&](std::string_view prefix) -> std::optional<std::string> {
      if (option.starts_with(prefix)) return std::string(option.substr(prefix.size()));
      return std::nullopt;
    };
    auto any = [&](std::initializer_list<std::string_view> prefixes) {
      std::optional<std::string> value;
      for (auto prefix : prefixes) {
        if (!value) value = after(prefix);
      }
      return value;
    };
    bool is_pair = (option == "-D" || option == "-U" || option == "-I") && i + 1 < options.size();
    if (is_pair) {
      result.flags.push_back(std::string(option) + options[++i]);
    } else if (auto macro = any({"--define-macro=", "-D"})) {
      result.flags.push_back("-D" + *macro);
    } else if (auto undefined = any({"--undefine-macro=", "-U"})) {
      result.flags.push_back("-U" + *undefined);
    } else if (auto folder = any({"--include-path=", "-I"})) {
      result.flags.push_back("-I" + *folder);
    } else if (auto target = any({"--gpu-architecture=", "-gpu-architecture=", "-arch=", "-arch"})) {
      std::string digits;
      for (char c : *target) {
        if (c >= '0' && c <= '9') digits += c;
      }
      if (digits.empty()) result.unknown = option;
      architecture = digits + "0";
    } else {
      bool known = false;
      for (auto prefix : without_effect) known = known || option.starts_with(prefix);
      if (!known) result.unknown = option;
    }
  }
  result.flags.push_back("-D__CUDA_ARCH__=" + architecture);
  return result;
}

Compilation compile(const Program& program, const std::vector<std::string>& flags) {
  // A folder with headers may change at any time, so nothing is kept.
  bool reads_folders = false;
  for (const auto& flag : flags) reads_folders = reads_folders || flag.starts_with("-I");
  fs::path folder = reads_folders ? fs::path() : cache_folder();
  if (folder.empty()) return compile_anew(program, flags);
  fs::path path = folder / cache_name(program, flags);
  if (auto image = read(path); image && is_whole(*image)) return {Compilation::Outcome::success, {}, std::move(*image)};
  Compilation compilation = compile_anew(program, flags);
  if (compilation.outcome == Compilation::Outcome::success) keep(path, compilation.image);
  return compilation;
}

}  // namespace emulation
