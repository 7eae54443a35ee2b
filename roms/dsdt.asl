/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DSDT of a `pc`: i440FX, PIIX3, what sits on the ISA bus. Revision 1: integers of 32 bits, as
 * the oldest guests have them.
 *
 * HAVE is replaced when a machine is made (roms/acpi.h: enum acpi_have). What depends on memory
 * and processors is in the SSDT (roms/acpi_ssdt.c): \_SB.PCI0._CRS, the processors, \_S4.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 1, "HVM", "HVMPC", 1)
{
	Name (HAVE, 0x12345678)
	Name (\_S5, Package () {0, 0, 0, 0}) /* SLP_TYP 0: soft-off (82371AB, PMCNTRL) */

	/* 0x0f when one of the bits is set */
	Method (STAT, 1)
	{
		If (And (HAVE, Arg0)) {
			Return (0x0f)
		}
		Return (0)
	}

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, 0)

			Device (ISA)
			{
				Name (_ADR, 0x00010000)
				OperationRegion (PIRQ, PCI_Config, 0x60, 4)
				Field (PIRQ, ByteAcc, NoLock, Preserve)
				{
					PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8
				}
			}

			/* Ports of the board that no PCI function announces: PCI hotplug and
			 * CPU hotplug, which are not there yet, and GPE0. */
			Device (RESV)
			{
				Name (_HID, EisaId ("PNP0C02"))
				Name (_UID, 1)
				Name (_CRS, ResourceTemplate ()
				{
					IO (Decode16, 0xae00, 0xae00, 1, 0x18)
					IO (Decode16, 0xaf00, 0xaf00, 1, 0x0c)
					IO (Decode16, 0xafe0, 0xafe0, 1, 0x04)
				})
			}
		}

		/* ---- interrupt links: PIIX3 60-63; bit 7: the link is off ---- */

		Method (LSTA, 1)
		{
			If (And (Arg0, 0x80)) {
				Return (0x09)
			}
			Return (0x0b)
		}

		Name (LNOW, ResourceTemplate ()
		{
			Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) {0}
		})
		Method (LCRS, 1, Serialized)
		{
			Store (LNOW, Local0)
			CreateDWordField (Local0, 5, LIRQ)
			If (LNot (And (Arg0, 0x80))) {
				Store (And (Arg0, 0x0f), LIRQ)
			}
			Return (Local0)
		}

#define LINK(link, uid, prq) \
		Device (link) \
		{ \
			Name (_HID, EisaId ("PNP0C0F")) \
			Name (_UID, uid) \
			Name (_PRS, ResourceTemplate () \
			{ \
				Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) {5, 10, 11} \
			}) \
			Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.prq)) } \
			Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.prq)) } \
			Method (_DIS) { Or (\_SB.PCI0.ISA.prq, 0x80, \_SB.PCI0.ISA.prq) } \
			Method (_SRS, 1) \
			{ \
				CreateDWordField (Arg0, 5, IRQW) \
				Store (IRQW, \_SB.PCI0.ISA.prq) \
			} \
		}
		LINK (LNKA, 1, PRQA)
		LINK (LNKB, 2, PRQB)
		LINK (LNKC, 3, PRQC)
		LINK (LNKD, 4, PRQD)

		/* Power management says pin A, and is wired to ISA interrupt 9. */
		Device (LNKS)
		{
			Name (_HID, EisaId ("PNP0C0F"))
			Name (_UID, 5)
			Name (_PRS, ResourceTemplate ()
			{
				Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) {9}
			})
			Method (_STA) { Return (0x0b) }
			Method (_CRS) { Return (_PRS) }
			Method (_DIS) { }
			Method (_SRS, 1) { }
		}
	}

	/* Pin p of slot s is on link (s + p + 3) mod 4. */
#define PINS(slot, a, b, c, d) \
	Package () {slot, 0, a, 0}, Package () {slot, 1, b, 0}, \
	Package () {slot, 2, c, 0}, Package () {slot, 3, d, 0}
#define D_A(slot) PINS (slot, \_SB.LNKD, \_SB.LNKA, \_SB.LNKB, \_SB.LNKC)
#define A_B(slot) PINS (slot, \_SB.LNKA, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD)
#define B_C(slot) PINS (slot, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD, \_SB.LNKA)
#define C_D(slot) PINS (slot, \_SB.LNKC, \_SB.LNKD, \_SB.LNKA, \_SB.LNKB)
	Scope (\_SB.PCI0)
	{
		Name (_PRT, Package ()
		{
			D_A (0x0000ffff),
			PINS (0x0001ffff, \_SB.LNKS, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD),
			B_C (0x0002ffff), C_D (0x0003ffff),
			D_A (0x0004ffff), A_B (0x0005ffff), B_C (0x0006ffff), C_D (0x0007ffff),
			D_A (0x0008ffff), A_B (0x0009ffff), B_C (0x000affff), C_D (0x000bffff),
			D_A (0x000cffff), A_B (0x000dffff), B_C (0x000effff), C_D (0x000fffff),
			D_A (0x0010ffff), A_B (0x0011ffff), B_C (0x0012ffff), C_D (0x0013ffff),
			D_A (0x0014ffff), A_B (0x0015ffff), B_C (0x0016ffff), C_D (0x0017ffff),
			D_A (0x0018ffff), A_B (0x0019ffff), B_C (0x001affff), C_D (0x001bffff),
			D_A (0x001cffff), A_B (0x001dffff), B_C (0x001effff), C_D (0x001fffff)
		})
	}

	/* ---- the ISA bus ---- */

#define COM(name, uid, bit, port, irq) \
		Device (name) \
		{ \
			Name (_HID, EisaId ("PNP0501")) \
			Name (_UID, uid) \
			Method (_STA) { Return (STAT (bit)) } \
			Name (_CRS, ResourceTemplate () \
			{ \
				IO (Decode16, port, port, 0, 8) \
				IRQNoFlags () {irq} \
			}) \
		}
	Scope (\_SB.PCI0.ISA)
	{
		COM (COM1, 1, 0x01, 0x3f8, 4)
		COM (COM2, 2, 0x02, 0x2f8, 3)
		COM (COM3, 3, 0x04, 0x3e8, 4)
		COM (COM4, 4, 0x08, 0x2e8, 3)

		Device (LPT1)
		{
			Name (_HID, EisaId ("PNP0400"))
			Name (_UID, 1)
			Method (_STA) { Return (STAT (0x10)) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x378, 0x378, 8, 8)
				IRQNoFlags () {7}
			})
		}

		Device (KBD)
		{
			Name (_HID, EisaId ("PNP0303"))
			Method (_STA) { Return (STAT (0x20)) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x60, 0x60, 1, 1)
				IO (Decode16, 0x64, 0x64, 1, 1)
				IRQNoFlags () {1}
			})
		}

		Device (MOU)
		{
			Name (_HID, EisaId ("PNP0F13"))
			Method (_STA) { Return (STAT (0x20)) }
			Name (_CRS, ResourceTemplate () { IRQNoFlags () {12} })
		}

		Device (FDC0)
		{
			Name (_HID, EisaId ("PNP0700"))
			Method (_STA) { Return (STAT (0x40)) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x3f2, 0x3f2, 0, 4)
				IO (Decode16, 0x3f7, 0x3f7, 0, 1)
				IRQNoFlags () {6}
				DMA (Compatibility, NotBusMaster, Transfer8) {2}
			})
		}

		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x70, 0x70, 1, 8)
				IRQNoFlags () {8}
			})
		}
	}

	Scope (\_SB)
	{
		Device (HPET)
		{
			Name (_HID, EisaId ("PNP0103"))
			Name (_UID, 0)
			Method (_STA) { Return (STAT (0x80)) }
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadOnly, 0xfed00000, 0x400)
			})
		}
	}
}
