// The driver API: functions that cudarc knows and the emulation does not have. Each says so when it is called; without
// them, cudarc would panic for want of a symbol.

#include "api.h"

using namespace emulation;

#define GANAS_EMULATION_MISSING(name)                                                              \
  GANAS_EMULATION_API Code name() {                                                                \
    return guarded([] { return report(Result::not_supported, #name " is not emulated"); });        \
  }

// Contexts other than the primary one, and their limits.
GANAS_EMULATION_MISSING(cuCtxCreate_v2)
GANAS_EMULATION_MISSING(cuCtxCreate_v3)
GANAS_EMULATION_MISSING(cuCtxCreate_v4)
GANAS_EMULATION_MISSING(cuCtxDestroy_v2)
GANAS_EMULATION_MISSING(cuCtxGetCacheConfig)
GANAS_EMULATION_MISSING(cuCtxGetLimit)
GANAS_EMULATION_MISSING(cuCtxSetCacheConfig)
GANAS_EMULATION_MISSING(cuCtxSetLimit)

// Memory pools, managed and external memory, copies between devices.
GANAS_EMULATION_MISSING(cuDestroyExternalMemory)
GANAS_EMULATION_MISSING(cuDeviceGetDefaultMemPool)
GANAS_EMULATION_MISSING(cuDeviceGetMemPool)
GANAS_EMULATION_MISSING(cuDeviceSetMemPool)
GANAS_EMULATION_MISSING(cuExternalMemoryGetMappedBuffer)
GANAS_EMULATION_MISSING(cuImportExternalMemory)
GANAS_EMULATION_MISSING(cuMemAdvise)
GANAS_EMULATION_MISSING(cuMemAdvise_v2)
GANAS_EMULATION_MISSING(cuMemAllocFromPoolAsync)
GANAS_EMULATION_MISSING(cuMemAllocManaged)
GANAS_EMULATION_MISSING(cuMemPoolCreate)
GANAS_EMULATION_MISSING(cuMemPoolDestroy)
GANAS_EMULATION_MISSING(cuMemPoolGetAttribute)
GANAS_EMULATION_MISSING(cuMemPoolSetAttribute)
GANAS_EMULATION_MISSING(cuMemPoolTrimTo)
GANAS_EMULATION_MISSING(cuMemPrefetchAsync)
GANAS_EMULATION_MISSING(cuMemPrefetchAsync_v2)
GANAS_EMULATION_MISSING(cuMemcpyPeerAsync)
GANAS_EMULATION_MISSING(cuModuleGetGlobal_v2)
GANAS_EMULATION_MISSING(cuStreamAttachMemAsync)

// Launches of other kinds, and what needs the registers of a kernel.
GANAS_EMULATION_MISSING(cuLaunchCooperativeKernel)
GANAS_EMULATION_MISSING(cuLaunchKernelEx)
GANAS_EMULATION_MISSING(cuOccupancyAvailableDynamicSMemPerBlock)
GANAS_EMULATION_MISSING(cuOccupancyMaxActiveClusters)
GANAS_EMULATION_MISSING(cuOccupancyMaxPotentialBlockSize)
GANAS_EMULATION_MISSING(cuOccupancyMaxPotentialBlockSizeWithFlags)
GANAS_EMULATION_MISSING(cuOccupancyMaxPotentialClusterSize)

// Capture of streams, and graphs.
GANAS_EMULATION_MISSING(cuGraphDestroy)
GANAS_EMULATION_MISSING(cuGraphExecDestroy)
GANAS_EMULATION_MISSING(cuGraphInstantiateWithFlags)
GANAS_EMULATION_MISSING(cuGraphLaunch)
GANAS_EMULATION_MISSING(cuGraphUpload)
GANAS_EMULATION_MISSING(cuStreamBeginCapture_v2)
GANAS_EMULATION_MISSING(cuStreamEndCapture)

// Profiling.
GANAS_EMULATION_MISSING(cuProfilerStart)
GANAS_EMULATION_MISSING(cuProfilerStop)
