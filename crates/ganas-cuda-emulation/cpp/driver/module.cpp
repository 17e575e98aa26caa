// Loading of images.

#include "module.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../kernel/image.h"
#include "block.h"
#include "device.h"

namespace emulation {

using ganas_emulation::ImageHeader;

std::string write_temporary(const void* bytes, std::size_t size) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder && *folder ? folder : "/tmp") + "/ganas-emulation-XXXXXX";
  int file = mkstemp(path.data());
  if (file < 0) return {};
  const auto* next = static_cast<const char*>(bytes);
  while (size > 0) {
    ssize_t written = write(file, next, size);
    if (written <= 0) {
      close(file);
      unlink(path.c_str());
      return {};
    }
    next += written;
    size -= static_cast<std::size_t>(written);
  }
  close(file);
  return path;
}

Result LoadedModule::load(const void* image, std::unique_ptr<LoadedModule>& module) {
  // An image of another kind may be shorter than the header, so nothing is read past the first difference.
  const auto* bytes = static_cast<const char*>(image);
  for (std::size_t i = 0; i < sizeof ganas_emulation::image_magic; ++i) {
    if (!bytes || bytes[i] != ganas_emulation::image_magic[i]) {
      return report(Result::invalid_image,
                    "this image does not come from the emulated NVRTC; compile the source while the emulation is "
                    "installed, and keep no PTX of it");
    }
  }
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  if (header.header_hash != hash_header(header) ||
      header.hash != ganas_emulation::hash_bytes(bytes + sizeof header, header.size)) {
    return report(Result::invalid_image, "the image is damaged: its checksum is another one; compile the source again");
  }
  std::unique_ptr<LoadedModule> loaded(new LoadedModule);
  loaded->object_.assign(bytes + sizeof header, bytes + sizeof header + header.size);
  // A file of its own for each module: the loader takes files with one name for one library.
  std::string path = write_temporary(loaded->object_.data(), loaded->object_.size());
  if (path.empty()) return report(Result::operating_system, "cannot write the image into the folder of temporary files");
  loaded->library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const char* problem = loaded->library_ ? nullptr : dlerror();
  unlink(path.c_str());
  if (!loaded->library_) return report(Result::invalid_image, std::string("cannot load the image: ") + problem);
  using Entrance = const ganas_emulation::Module* (*)();
  auto entrance = reinterpret_cast<Entrance>(dlsym(loaded->library_, "ganas_emulation_module"));
  if (!entrance || entrance()->version != ganas_emulation::interface_version) {
    return report(Result::invalid_image, "the image was made by another version of the emulation; compile it again");
  }
  loaded->table_ = entrance();
  *loaded->table_->runtime = &kernel_runtime();
  for (unsigned i = 0; i < loaded->table_->kernel_count; ++i) {
    loaded->functions_.push_back({loaded.get(), loaded->table_->kernels[i], device::shared_per_block});
  }
  module = std::move(loaded);
  return Result::success;
}

LoadedModule::~LoadedModule() {
  if (library_) dlclose(library_);
}

Function* LoadedModule::function(std::string_view name) {
  for (auto& function : functions_) {
    if (name == function.kernel->name) return &function;
  }
  return nullptr;
}

void LoadedModule::poison_static_shared() {
  struct Search {
    std::uintptr_t inside;
    void* start;
    std::size_t size;
  };
  // The registers are thread-local, too, so they tell which object it is.
  Search search{reinterpret_cast<std::uintptr_t>(table_->registers()), nullptr, 0};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& header = info->dlpi_phdr[i];
          auto start = reinterpret_cast<std::uintptr_t>(info->dlpi_tls_data);
          if (header.p_type != PT_TLS || start == 0 || wanted.inside - start >= header.p_memsz) continue;
          wanted.start = info->dlpi_tls_data;
          wanted.size = header.p_memsz;
          return 1;
        }
        return 0;
      },
      &search);
  if (search.start) std::memset(search.start, 0xff, search.size);
}

std::string LoadedModule::place_of(const void* instruction) const {
  Dl_info info;
  Dl_info own;
  if (!dladdr(instruction, &info) || !dladdr(reinterpret_cast<const void*>(table_->registers), &own)) return {};
  if (info.dli_fbase != own.dli_fbase) return {};
  std::string path = write_temporary(object_.data(), object_.size());
  if (path.empty()) return "unknown line";
  auto offset = reinterpret_cast<std::uintptr_t>(instruction) - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  char command[256];
  std::snprintf(command, sizeof command, "addr2line -s -e '%s' 0x%zx 2>/dev/null", path.c_str(), std::size_t{offset});
  char line[256] = "";
  if (FILE* output = popen(command, "r")) {
    if (!std::fgets(line, sizeof line, output)) line[0] = 0;
    pclose(output);
  }
  unlink(path.c_str());
  std::string place(line);
  // Some versions add the discriminator of the line.
  place.resize(std::min(place.find_first_of(" \n"), place.size()));
  bool known = !place.empty() && place[0] != '?';
  return known ? place : "unknown line (addr2line did not find it)";
}

}  // namespace emulation
