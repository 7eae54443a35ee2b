/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/feature.h: what CPUID can show, by name. Opcode rows name the feature they need;
 * the table says where CPUID shows it.
 *
 * Spec: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E (leaf 0x80000001).
 */
#ifndef HYPERVISOR_X86_FEATURE_H
#define HYPERVISOR_X86_FEATURE_H
#include <stdint.h>

enum cpu_feature {
	CPU_ALWAYS, /* needs nothing: every processor this engine models has it */
	/* leaf 1, EDX */
	CPU_FPU,
	CPU_VME,
	CPU_DE,
	CPU_PSE,
	CPU_TSC,
	CPU_MSR,
	CPU_PAE,
	CPU_MCE,
	CPU_CX8,
	CPU_APIC,
	CPU_SEP,
	CPU_MTRR,
	CPU_PGE,
	CPU_MCA,
	CPU_CMOV,
	CPU_PAT,
	CPU_PSE36,
	CPU_CLFSH,
	CPU_MMX,
	CPU_FXSR,
	CPU_SSE,
	CPU_SSE2,
	CPU_SS,
	CPU_HTT,
	/* leaf 1, ECX */
	CPU_SSE3,
	CPU_PCLMULQDQ,
	CPU_MONITOR,
	CPU_SSSE3,
	CPU_FMA,
	CPU_CX16,
	CPU_PCID,
	CPU_SSE41,
	CPU_SSE42,
	CPU_X2APIC,
	CPU_MOVBE,
	CPU_POPCNT,
	CPU_TSC_DEADLINE,
	CPU_AES,
	CPU_XSAVE,
	CPU_OSXSAVE, /* follows CR4.OSXSAVE */
	CPU_AVX,
	CPU_F16C,
	CPU_RDRAND,
	CPU_HYPERVISOR,
	/* leaf 7.0 */
	CPU_FSGSBASE,
	CPU_TSC_ADJUST,
	CPU_BMI1,
	CPU_AVX2,
	CPU_FDP_EXCPTN, /* FDP and FOP only move with unmasked exceptions (fpu.c) */
	CPU_SMEP,
	CPU_BMI2,
	CPU_ERMS,
	CPU_INVPCID,
	CPU_ZERO_FCS, /* FCS and FDS are 0 */
	CPU_RDSEED,
	CPU_ADX,
	CPU_SMAP,
	CPU_CLFLUSHOPT,
	CPU_CLWB,
	CPU_SHA,
	CPU_UMIP,
	CPU_RDPID,
	CPU_FSRM,
	CPU_SPEC_CTRL, /* IBRS, and IBPB */
	CPU_STIBP,
	CPU_ARCH_CAPABILITIES,
	CPU_SSBD,
	CPU_BHI_CTRL, /* leaf 7.2 */
	/* IA32_ARCH_CAPABILITIES: what the processor does not do */
	CPU_RDCL_NO,
	CPU_IBRS_ALL,
	CPU_SKIP_L1DFL,
	CPU_SSB_NO,
	CPU_MDS_NO,
	CPU_PSCHANGE_MC_NO,
	CPU_TAA_NO,
	CPU_SBDR_SSDP_NO,
	CPU_FBSDP_NO,
	CPU_PSDP_NO,
	CPU_BHI_NO,
	CPU_PBRSB_NO,
	CPU_GDS_NO,
	CPU_RFDS_NO,
	CPU_ITS_NO,
	/* leaf 0xd.1, EAX */
	CPU_XSAVEOPT,
	CPU_XSAVEC,
	CPU_XGETBV1,
	CPU_XSAVES,
	/* leaf 0x80000001 */
	CPU_LAHF_LM, /* LAHF and SAHF in 64-bit mode */
	CPU_ABM,     /* LZCNT; without it F3 0F BD is BSR */
	CPU_PREFETCHW,
	CPU_SYSCALL,
	CPU_NX,
	CPU_PDPE1GB,
	CPU_RDTSCP,
	CPU_LM,
	/* leaf 0x80000007, EDX */
	CPU_INVTSC,
	CPU_FEATURES
};

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };
#define FEATURE_OF_MSR 0xffffffffu
struct cpu_feature_bit {
	const char *name;   /* as in -cpu model,+name */
	uint32_t leaf, sub; /* sub FEATURE_OF_MSR: leaf is an MSR, which RDMSR shows in EDX:EAX */
	uint8_t reg, bit;   /* enum cpuid_reg */
};
/* Indexed by enum cpu_feature; CPU_ALWAYS has no name. */
extern const struct cpu_feature_bit cpu_feature_bits[CPU_FEATURES];
#endif
